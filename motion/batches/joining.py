"""Several batches as one, one behind the other or with an overlap, in one allocation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from .errors import BatchError
from .fading import LINEAR
from .frames import Frames, Kind, as_layers
from .layers import Resize, common_channels, lay
from .merging import merge_index, merge_masks
from .plans import check_length

FIRST, SECOND, SMALLER, LARGER = SIZES = ("first", "second", "smaller", "larger")
"""Whose width and height all get; those of the least or the most pixels."""


@dataclass(frozen=True, eq=False)
class Joining:
    """What batches make together."""

    parts: Sequence[Frames]
    size: tuple[int, int]
    """Width and height."""
    shape: Sequence[int]
    dtype: torch.dtype
    overlap: int
    """Frames that each batch shares with the one before it."""

    @property
    def count(self) -> int:
        """How many frames there will be."""
        return self.shape[self.parts[0].axis]

    @property
    def needed_bytes(self) -> int:
        """Memory that they will need."""
        return math.prod(self.shape) * self.dtype.itemsize

    def joined(self, resize: Resize, curve: str = LINEAR) -> Frames:
        """Write them, on the device of the first."""
        first = self.parts[0]
        pixels = torch.empty(tuple(self.shape), dtype=self.dtype, device=first.pixels.device)
        lay(self.parts, as_layers(first.kind, pixels, first.axis), self.overlap, resize, curve)
        return first.holding(pixels, self._latent(curve))

    def _latent(self, curve: str) -> Mapping[str, Any] | None:
        if self.parts[0].latent is None:
            return None
        latent = dict(self.parts[0].latent)
        merge_index(latent, self.parts, self.overlap)
        merge_masks(latent, self.parts, self.overlap, curve)
        return latent


def plan_joining(named: Mapping[str, Frames], size: str, overlap: int = 0) -> Joining:
    """What batches make together, before any memory is taken.

    Args:
        named: by the inputs they came by, in their order.
        size: one of SIZES.

    Raises:
        BatchError: they are of different kinds, do not overlap so far, or would be too many.
    """
    parts = _one_kind(named)
    if overlap > (fewest := min(each.count for each in parts)):
        counts = " and ".join(f"{name} has {each.count}" for name, each in named.items())
        raise BatchError(f"{overlap} frames cannot overlap: {counts}. Lower overlap to {fewest} or less.")
    first = parts[0]
    count = sum(each.count for each in parts) - overlap * (len(parts) - 1)
    check_length(count)
    channels = _channels(parts)
    wide, high = _size(parts, size)
    dtype = first.pixels.dtype
    for each in parts[1:]:
        dtype = torch.promote_types(dtype, each.pixels.dtype)
    mixed = overlap or any(each.size != (wide, high) for each in parts)
    if mixed and not dtype.is_floating_point:
        dtype = torch.float32
    shape = {
        Kind.IMAGE: (count, high, wide, channels),
        Kind.MASK: (count, high, wide),
        Kind.LATENT: (count, *first.layers.shape[1:-2], high, wide),
    }[first.kind]
    if first.axis:
        shape = (*shape[1 : first.axis + 1], count, *shape[first.axis + 1 :])
    return Joining(parts, (wide, high), shape, dtype, overlap)


def _one_kind(named: Mapping[str, Frames]) -> list[Frames]:
    parts = list(named.values())
    first_name, first = next(iter(named.items()))
    for name, each in named.items():
        if each.kind is not first.kind:
            raise BatchError(
                f"{first_name} is of type {first.kind}, but {name} of type {each.kind}. Connect outputs of "
                "the same type."
            )
    axis = max(each.axis for each in parts)
    # a single frame of a video model lies along the batch as well as along the time
    return [replace(each, axis=axis) if each.pixels.ndim == 5 and each.axis < axis else each for each in parts]


def _channels(parts: Sequence[Frames]) -> int:
    first = parts[0]
    if first.kind is Kind.IMAGE:
        channels = common_channels({each.channels for each in parts})
        if channels is not None:
            return channels
    elif all(each.layers.shape[1:-2] == first.layers.shape[1:-2] for each in parts):
        return first.channels
    own = " and ".join(" x ".join(map(str, each.layers.shape[1:-2])) for each in parts)
    what = "pictures" if first.kind is Kind.IMAGE else "latents, of different models,"
    raise BatchError(f"These {what} have {own} channels and cannot be joined. Decode them, or connect others.")


def _size(parts: Sequence[Frames], rule: str) -> tuple[int, int]:
    sizes = [each.size for each in parts]
    if rule in (FIRST, SECOND):
        return sizes[min(SIZES.index(rule), len(sizes) - 1)]
    chosen = min if rule == SMALLER else max
    return chosen(sizes, key=lambda size: size[0] * size[1])
