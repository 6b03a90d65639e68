"""Clips whose truth is known: a smooth pattern that goes where it is told, and what can go wrong with it."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

WAVES, HIGHEST = 30, 0.12
"""Of the pattern, and cycles per pixel of the finest."""


def pattern(height: int, width: int, x: float = 0.0, y: float = 0.0, seed: int = 0) -> Tensor:
    """(3, height, width) in 0..1: a sum of waves, moved to the right and down."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.arange(height).double()[:, None] - y
    columns = torch.arange(width).double() - x
    colours = []
    for _ in range(3):
        total = torch.zeros(height, width, dtype=torch.float64)
        for _ in range(WAVES):
            across, down, phase = (torch.rand(3, generator=generator).double() * 2 - 1).tolist()
            turns = HIGHEST * (across * columns + down * rows) + phase
            total += torch.cos(2 * math.pi * turns)
        colours.append((0.5 + total / (4 * math.sqrt(WAVES))).clamp(0, 1))
    return torch.stack(colours).float()


def moving(places: Sequence[tuple[float, float]], side: int = 64) -> Tensor:
    """(frames, 3, side, side): the pattern at these places."""
    return torch.stack([pattern(side, side, x, y) for x, y in places])


def panning(frames: int = 8, x: float = 1.5, y: float = 0.0, side: int = 64) -> Tensor:
    """The pattern in even motion."""
    return moving([(x * frame, y * frame) for frame in range(frames)], side)


def noisy(clip: Tensor, deviation: float, seed: int = 1) -> Tensor:
    """With noise of its own in each frame."""
    noise = torch.randn(clip.shape, generator=torch.Generator().manual_seed(seed))
    return (clip + deviation * noise).clamp(0, 1)


def flickering(clip: Tensor, amplitude: float) -> Tensor:
    """Brighter and darker in turn; nothing is cut off."""
    sign = (-1.0) ** torch.arange(len(clip))
    return clip * 0.5 + 0.25 + amplitude * sign[:, None, None, None]


def blurred(clip: Tensor, radius: int) -> Tensor:
    """Means of squares around each pixel."""
    side = 2 * radius + 1
    padded = torch.nn.functional.pad(clip, (radius,) * 4, mode="replicate")
    return torch.nn.functional.avg_pool2d(padded, side, 1)
