"""Clips as they are measured: checked, in colours, the channels before the rows."""

from collections.abc import Iterator
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from .errors import EvaluationError

LUMA = (0.299, 0.587, 0.114)
"""How much of the brightness each colour is, ITU-R BT.601."""
LEAST_SIDE = 16
"""Pixels; in smaller pictures nothing is seen to move."""
FRAMES = "frames height width colour -> frames colour height width"


def as_pictures(images: Any, name: str, least: int = 1) -> Tensor:
    """Frames of an IMAGE.

    Args:
        images: (frames, height, width, channels) in 0..1: grey or colours, transparency plays no part.
        name: the input they came by, for messages.
        least: frames there must be.

    Returns:
        (frames, 3, height, width) float32; a view where it can be one.

    Raises:
        EvaluationError: no pictures, too few or too small ones, or such that are not all numbers.
    """
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[-1] not in (1, 2, 3, 4):
        raise EvaluationError(f"{name} holds no pictures. Connect an output of type IMAGE.")
    count, height, width, channels = images.shape
    if count < least:
        told = "is one frame" if count == 1 else "has no frames"
        raise EvaluationError(f"{name} {told}; a clip has {least} at least. Connect all frames of the clip.")
    if min(height, width) < LEAST_SIDE:
        raise EvaluationError(
            f"{name} has pictures of {width} x {height}; {LEAST_SIDE} pixels a side are the least. Connect larger ones."
        )
    for number, picture in enumerate(images):
        if not bool(picture.sum(dtype=torch.float32).isfinite()):
            raise EvaluationError(
                f"Frame {number} of {name} holds values that are no numbers (NaN or infinity). Look at the VAE: in "
                "half precision some give black pictures. Start ComfyUI with --fp32-vae, or leave the frame out."
            )
    colours = images[..., : 1 if channels < 3 else 3].expand(-1, -1, -1, 3)
    return rearrange(colours, FRAMES).float()


def check_alike(clip: Tensor, other: Tensor, name: str) -> None:
    """Make sure that each frame has its counterpart.

    Raises:
        EvaluationError: the two differ in length or size.
    """
    if clip.shape[0] != other.shape[0]:
        raise EvaluationError(
            f"The clip has {clip.shape[0]} frames and {name} {other.shape[0]}. Take as many of both with Select Frames."
        )
    if clip.shape[2:] != other.shape[2:]:
        (height, width), (tall, wide) = clip.shape[2:], other.shape[2:]
        raise EvaluationError(
            f"The clip has pictures of {width} x {height} and {name} of {wide} x {tall}. Bring both to one size with "
            "Upscale Image."
        )


def brightness(pictures: Tensor) -> Tensor:
    """(frames, 3, height, width) to (frames, 1, height, width)."""
    weights = torch.tensor(LUMA, dtype=pictures.dtype, device=pictures.device)
    return torch.einsum("fchw,c->fhw", pictures, weights)[:, None]


def blocks(count: int, at_once: int) -> Iterator[slice]:
    """A few frames at a time."""
    for start in range(0, count, at_once):
        yield slice(start, min(count, start + at_once))
