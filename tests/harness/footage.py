"""A short video in the input folder of a server, under the name that templates load in tests."""

import math
from pathlib import Path

import torch
from kinema.motion.video import CODECS, Clip, Job, Sound, write_video

from .templates import VIDEO

RATE, SECONDS, SIZE = 24, 3, 96
AUDIO_RATE = 24000


def write_footage(folder: Path) -> None:
    """Write a disc that circles over a slope of colours, with a tone, unless it is there."""
    if (folder / VIDEO).exists():
        return
    places = torch.linspace(0.0, 1.0, SIZE)
    x, y = places.expand(SIZE, SIZE), places[:, None].expand(SIZE, SIZE)
    slope, disc = torch.stack([0.6 * x, y, 1.0 - x], -1), torch.tensor([1.0, 0.9, 0.2])
    frames = []
    for number in range(RATE * SECONDS):
        angle = math.pi * number / RATE
        inside = (x - 0.5 - 0.3 * math.cos(angle)) ** 2 + (y - 0.5 - 0.3 * math.sin(angle)) ** 2 < 0.03
        frames.append(torch.where(inside[..., None], disc, slope))
    tone = torch.sin(torch.arange(AUDIO_RATE * SECONDS) * 2 * math.pi * 440 / AUDIO_RATE)[None] * 0.2
    write_video(Job(Clip(torch.stack(frames), RATE, sound=Sound(tone, AUDIO_RATE)), CODECS["h264-mp4"], folder / VIDEO))
