"""Frames out of a batch, without a copy where they lie evenly."""

from collections.abc import Sequence

from .following import follow_index, follow_mask
from .frames import Frames
from .picking import even_step, pick


def taken(frames: Frames, indices: Sequence[int], again: bool = False) -> Frames:
    """The frames of these numbers, in this order; what a latent knows of them goes with them.

    Args:
        again: the batch is repeated, and its copies are to have noise of their own.
    """
    pixels = pick(frames.pixels, indices, frames.axis)
    if frames.latent is None:
        return frames.holding(pixels, None)
    latent = dict(frames.latent)
    follow_mask(latent, frames, indices)
    follow_index(latent, frames, indices, again)
    return frames.holding(pixels, latent)


def copied_bytes(frames: Frames, indices: Sequence[int]) -> int:
    """Memory that taking these frames needs."""
    step = even_step(indices)
    return len(indices) * frames.frame_bytes if step is None or step < 0 else 0
