"""A Motion Value as masks and numbers."""

import torch
from torch import Tensor

from .motion_value import Keyframes, MotionValue


def read_frames(
    value: MotionValue, frames: int, height: int = 64, width: int = 64, percent: float = 0.0
) -> tuple[Tensor, list[float]]:
    """A Motion Value at each frame, as (frames, height, width) and as the mean of each frame to six digits.

    Args:
        percent: part of the sampling at which keyframes are read.
    """
    now = value.during(lambda keyframes: _started(keyframes, percent))
    values = torch.as_tensor(now.over(range(frames), (height, width)), dtype=torch.float32).reshape(-1, 1, 1)
    if now.masks:
        values = values.reshape(-1, height, width)
    masks = values.expand(frames, height, width)
    return masks, [round(float(mean), 6) for mean in masks.mean((1, 2))]


def _started(keyframes: Keyframes, percent: float) -> int:
    return sum(key.start_percent <= percent for key in keyframes.keys) - 1
