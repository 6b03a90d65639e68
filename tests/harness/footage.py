"""What templates load in tests, in the input folder of a server: a short video, a short sound, pictures and clips."""

import math
import shutil
import wave
from pathlib import Path

import torch
from kinema.motion.video import CODECS, Clip, Job, Sound, write_video
from PIL import Image

from .templates import CLIPS, PICTURES, POSES, SOUND, VIDEO

RATE, SECONDS, SIZE = 24, 3, 96
AUDIO_RATE = 24000
BEATS, LASTING = 120, 0.08
"""Drums per minute, and seconds in which one fades to a third."""


def write_footage(folder: Path) -> None:
    """Write the video, the sound, the pictures and the clips, unless they are there."""
    _write_video(folder / VIDEO)
    _write_pictures(folder / PICTURES)
    _write_sound(folder / SOUND)
    _write_clips(folder)
    _write_poses(folder)


def _write_sound(path: Path) -> None:
    """A drum that keeps time, over a high tone that swells."""
    if path.exists():
        return
    seconds = torch.arange(AUDIO_RATE * SECONDS) / AUDIO_RATE
    since = seconds % (60 / BEATS)
    drum = 0.7 * torch.exp(-since / LASTING) * torch.sin(2 * math.pi * 80 * since)
    tone = 0.1 * seconds / SECONDS * torch.sin(2 * math.pi * 5000 * seconds)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(AUDIO_RATE)
        file.writeframes(((drum + tone) * 32767).to(torch.int16).numpy().tobytes())


def _write_video(path: Path) -> None:
    """A disc that circles over a slope of colours, with a tone."""
    if path.exists():
        return
    tone = torch.sin(torch.arange(AUDIO_RATE * SECONDS) * 2 * math.pi * 440 / AUDIO_RATE)[None] * 0.2
    write_video(Job(Clip(torch.stack(_frames()), RATE, sound=Sound(tone, AUDIO_RATE)), CODECS["h264-mp4"], path))


def _write_pictures(folder: Path) -> None:
    """Every third picture of the video."""
    if folder.exists():
        return
    folder.mkdir()
    for number, frame in enumerate(_frames()[::3], 1):
        Image.fromarray((frame * 255).byte().numpy()).save(folder / f"frame_{number}.png")


def _write_clips(folder: Path) -> None:
    """The video and the pictures as clips to learn from, with a caption each."""
    clips = folder / CLIPS
    if clips.exists():
        return
    shutil.copytree(folder / PICTURES, clips / "circling slowly")
    shutil.copy(folder / VIDEO, clips / "circling.mp4")
    for name in ("circling", "circling slowly"):
        (clips / f"{name}.txt").write_text(f"a yellow disc, {name}")


def _write_poses(folder: Path) -> None:
    """For each of the clips one of the same name, with other colours."""
    poses = folder / POSES
    if poses.exists():
        return
    frames = [1.0 - frame for frame in _frames()]
    drawn = poses / "circling slowly"
    drawn.mkdir(parents=True)
    for number, frame in enumerate(frames[::3], 1):
        Image.fromarray((frame * 255).byte().numpy()).save(drawn / f"frame_{number}.png")
    write_video(Job(Clip(torch.stack(frames), RATE), CODECS["h264-mp4"], poses / "circling.mp4"))


def _frames() -> list[torch.Tensor]:
    places = torch.linspace(0.0, 1.0, SIZE)
    x, y = places.expand(SIZE, SIZE), places[:, None].expand(SIZE, SIZE)
    slope, disc = torch.stack([0.6 * x, y, 1.0 - x], -1), torch.tensor([1.0, 0.9, 0.2])
    frames = []
    for number in range(RATE * SECONDS):
        angle = math.pi * number / RATE
        inside = (x - 0.5 - 0.3 * math.cos(angle)) ** 2 + (y - 0.5 - 0.3 * math.sin(angle)) ** 2 < 0.03
        frames.append(torch.where(inside[..., None], disc, slope))
    return frames
