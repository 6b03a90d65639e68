"""How strong something is inside a temporal transformer, in the resolution of that layer."""

from torch import Tensor

Strength = float | Tensor
"""A number, or a (frames, pixels or 1) tensor in the resolution of the layer that uses it."""


def at(strength: Strength, pixels: slice) -> Strength:
    """The part of a strength that belongs to some of the pixels."""
    if isinstance(strength, Tensor) and strength.shape[1] > 1:
        return strength[:, pixels]
    return strength
