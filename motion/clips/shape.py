"""Frames in the size they are learnt in."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import ClipsError

AT_ONCE = 8
"""Frames that are resized together."""
MOST_STRETCHED = 32
"""The longer side of a picture by its shorter one; resizing more takes memory without end."""


def fitted(frames: Tensor, size: tuple[int, int]) -> Tensor:
    """Shrink or enlarge frames until they cover a size, and cut off evenly what sticks out.

    Lengths and places are those of torchvision's Resize and CenterCrop, which the trainer of AnimateDiff uses.

    Args:
        frames: (frames, height, width, 1, 3 or 4), bytes or 0..1; transparency is left out.
        size: height and width.

    Returns:
        (frames, height, width, 3) float32 in 0..1.

    Raises:
        ClipsError: they are no pictures.
    """
    if frames.ndim != 4 or frames.shape[3] not in (1, 3, 4) or 0 in frames.shape:
        raise ClipsError(f"its frames are no pictures but have the shape {'x'.join(map(str, frames.shape))}")
    longer, shorter = max(frames.shape[1:3]), min(frames.shape[1:3])
    if longer > MOST_STRETCHED * shorter:
        raise ClipsError(f"its frames are {frames.shape[2]}x{frames.shape[1]}, too long a strip to cut a picture from")
    covering = _covering((frames.shape[1], frames.shape[2]), size)
    top, left = (round((full - side) / 2.0) for full, side in zip(covering, size, strict=True))
    made = torch.empty((frames.shape[0], *size, 3), dtype=torch.float32)
    for start in range(0, frames.shape[0], AT_ONCE):
        part = _numbers(frames[start : start + AT_ONCE])
        if tuple(part.shape[1:3]) != covering:
            resized = F.interpolate(part.movedim(3, 1), covering, mode="bilinear", antialias=True, align_corners=False)
            part = resized.movedim(1, 3)
        made[start : start + AT_ONCE] = part[:, top : top + size[0], left : left + size[1]].clamp(0.0, 1.0)
    return made


def mirrored(frames: Tensor) -> Tensor:
    """Frames (..., height, width, channels) with left and right exchanged, all of them."""
    return frames.flip(-2)


def _numbers(frames: Tensor) -> Tensor:
    """(frames, height, width, 3) float32 in 0..1."""
    numbers = frames.float() if frames.is_floating_point() else frames.float() / 255.0
    if not bool(numbers.isfinite().all()):
        raise ClipsError("its frames have values that are no numbers")
    return numbers.expand(-1, -1, -1, 3) if numbers.shape[3] == 1 else numbers[..., :3]


def _covering(stored: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the smallest picture of a shape that covers a size."""
    if size[0] * stored[1] >= size[1] * stored[0]:
        return size[0], max(size[1], int(size[0] * stored[1] / stored[0]))
    return max(size[0], int(size[1] * stored[0] / stored[1])), size[1]
