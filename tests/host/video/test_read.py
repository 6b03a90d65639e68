"""Frames and sound of real video files through the host's VIDEO."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from comfy_api.latest import InputImpl, Types
from kinema.motion.video import CODECS, Choice, Clip, Job, Sound, write_video
from kinema.nodes.host.video.read import Manner, VideoFramesError, read_frames
from torch import Tensor

RATE, COUNT = 24, 24
AUDIO_RATE = 48000


def greys() -> Tensor:
    """Picture n is grey level 10 n, and brighter on its right half."""
    images = torch.arange(COUNT)[:, None, None, None].expand(COUNT, 32, 64, 3) * 10 / 255
    return torch.cat([images[:, :, :32], (images[:, :, :32] + 10 / 255).clamp(max=1)], dim=2)


def numbers(images: Tensor) -> list[int]:
    """Which pictures these are."""
    return [round(float(image[:, : image.shape[1] // 4].mean()) * 25.5) for image in images]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mov"
    sound = torch.arange(AUDIO_RATE).div(AUDIO_RATE)[None].repeat(2, 1)
    write_video(Job(Clip(greys(), RATE, sound=Sound(sound, AUDIO_RATE)), CODECS["ffv1-mov"], path))
    return path


def read(video: Any, choice: Choice, width: int = 0, height: int = 0) -> Any:
    return read_frames(video, choice, width, height)


def test_the_frames_of_a_file(path: Path) -> None:
    found = read(InputImpl.VideoFromFile(str(path)), Choice(8.0))
    assert numbers(found.images) == list(range(0, COUNT, 3))
    assert found.rate == 8.0
    assert found.images.shape == (8, 32, 64, 3)
    assert (found.images - greys()[::3]).abs().max() < 0.01


@torch.inference_mode()
def test_as_the_host_runs_nodes(path: Path) -> None:
    found = read(InputImpl.VideoFromFile(str(path)), Choice(48.0, count=6))
    assert numbers(found.images) == [0, 0, 1, 1, 2, 2]


def test_part_of_a_file_with_its_sound(path: Path) -> None:
    found = read(InputImpl.VideoFromFile(str(path)), Choice(12.0, skip=3, every=2, count=4))
    assert numbers(found.images) == [6, 10, 14, 18]
    assert found.rate == 6.0
    wave = found.sound["waveform"]
    assert wave.shape == (1, 2, round(8 / 12 * found.sound["sample_rate"]))
    # the sound rises evenly from 0 to 1 over the second the clip lasts
    middle = wave[0, 0, wave.shape[2] // 2]
    assert abs(float(middle) - (3 / 12 + 4 / 12)) < 0.02


def test_a_trimmed_video(path: Path) -> None:
    trimmed = InputImpl.VideoFromFile(str(path)).as_trimmed(0.5, 0.25, strict_duration=True)
    found = read(trimmed, Choice())
    assert numbers(found.images) == [12, 13, 14, 15, 16, 17]
    assert abs(float(found.sound["waveform"][0, 0, 100]) - 0.5) < 0.03


def test_frames_in_memory_stay_as_they_are() -> None:
    audio = {"waveform": torch.arange(AUDIO_RATE).div(AUDIO_RATE)[None, None], "sample_rate": AUDIO_RATE}
    parts = Types.VideoComponents(images=greys() + 0.001, audio=audio, frame_rate=Fraction(RATE))
    found = read(InputImpl.VideoFromComponents(parts), Choice(0.0, skip=12, count=3))
    assert torch.equal(found.images, greys()[12:15] + 0.001)
    assert found.sound["waveform"].shape == (1, 1, AUDIO_RATE // 8)
    assert float(found.sound["waveform"][0, 0, 0]) == 0.5


def test_crop_and_resize(path: Path) -> None:
    found = read(InputImpl.VideoFromFile(str(path)), Choice(8.0), 16, 16)
    assert found.images.shape == (8, 16, 16, 3)
    # a square from the middle: half of it is the brighter half
    step = found.images[1, :, 8:].mean() - found.images[1, :, :8].mean()
    assert abs(float(step) - 10 / 255) < 0.01
    assert read(InputImpl.VideoFromFile(str(path)), Choice(8.0), 128, 0).images.shape == (8, 64, 128, 3)


def test_beyond_the_end(path: Path) -> None:
    with pytest.raises(VideoFramesError, match=r"lasts 1\.00 seconds and ends before frame 99 at 8 a second"):
        read(InputImpl.VideoFromFile(str(path)), Choice(8.0, skip=99))


def test_more_frames_than_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfy.model_management.get_free_memory", lambda _device: 1e5)
    with pytest.raises(VideoFramesError, match=r"24 frames of 64x32 take .* Set frames, width and height"):
        read(InputImpl.VideoFromFile(str(path)), Choice())
    assert read(InputImpl.VideoFromFile(str(path)), Choice(count=2)).images.shape[0] == 2


def test_damaged_and_silent_files(path: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mov"
    broken.write_bytes(path.read_bytes()[:300])
    with pytest.raises(VideoFramesError, match="cannot be read"):
        read(InputImpl.VideoFromFile(str(broken)), Choice())
    silent = tmp_path / "silent.mov"
    write_video(Job(Clip(greys(), RATE), CODECS["ffv1-mov"], silent))
    assert read(InputImpl.VideoFromFile(str(silent)), Choice()).sound is None


def test_a_start_beyond_the_end_tells_how_long_the_video_is(path: Path) -> None:
    for start in (500.0, 0.99):
        with pytest.raises(VideoFramesError, match=rf"lasts 1\.00 seconds .* start_time, {start:g},"):
            read_frames(InputImpl.VideoFromFile(str(path)), Choice(8.0), 0, 0, Manner(start))
