"""How strong something is inside a temporal transformer, in the resolution of that layer."""

from collections.abc import Sequence

from torch import Tensor

Strength = float | Tensor
"""A number, or a (frames, pixels) or (clips, frames, pixels) tensor in the resolution of the layer that uses it; 1 in
the place of clips, frames or pixels stands for all of them."""


def at(strength: Strength, pixels: slice, clips: slice = slice(None)) -> Strength:
    """The part of a strength that belongs to some of the pixels and clips."""
    if isinstance(strength, Tensor):
        if strength.ndim == 3 and strength.shape[0] > 1:
            strength = strength[clips]
        if strength.shape[-1] > 1:
            strength = strength[..., pixels]
    return strength


def of_frames(strength: Strength, frames: Sequence[int] | Tensor) -> Strength:
    """The part of a strength that belongs to some of the frames."""
    if isinstance(strength, Tensor) and strength.shape[-2] > 1:
        return strength[..., frames, :]
    return strength


def of_clip(strength: Strength, clip: int) -> Strength:
    """The part of a strength that belongs to one clip, (frames, pixels) if it is a tensor."""
    if isinstance(strength, Tensor) and strength.ndim == 3:
        return strength[clip if strength.shape[0] > 1 else 0]
    return strength


def in_picture(strength: Strength, size: tuple[int, int]) -> Strength:
    """A strength of (frames, pixels) as one that multiplies (frames, channels, height, width).

    Args:
        size: height and width of the pixels.
    """
    if not isinstance(strength, Tensor):
        return strength
    return strength.unflatten(-1, (1, *(size if strength.shape[-1] > 1 else (1, 1))))
