"""What latents know of their frames, where several become one."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .following import INDEX, MASK, masks_of, numbers_of, spread
from .frames import Frames, Kind
from .layers import lay
from .picking import pick


def merge_index(latent: dict[str, Any], parts: Sequence[Frames], overlap: int) -> None:
    """Number the noise of all frames, if any of them have numbers; the others get numbers that nobody has."""
    known = [numbers_of(each) for each in parts]
    if parts[0].axis or not any(known):
        return
    free = max(number for numbers in known if numbers for number in numbers) + 1
    merged: list[int] = []
    for numbers, each in zip(known, parts, strict=True):
        own = numbers if numbers is not None else list(range(free, free + each.count))
        free += 0 if numbers is not None else each.count
        merged += own[overlap if merged else 0 :]
    latent[INDEX] = merged


def merge_masks(latent: dict[str, Any], parts: Sequence[Frames], overlap: int, curve: str) -> None:
    """One noise mask for each frame, if any latent has one; the others are all noise, as the host has it."""
    found = [_masks(each) for each in parts]
    sizes = [(each.shape[-1], each.shape[-2]) for each in found if each is not None]
    latent.pop(MASK, None)
    if not sizes:
        return
    wide, high = max(sizes, key=lambda size: size[0] * size[1])
    masks = [
        Frames(Kind.MASK, each if each is not None else torch.ones(1, high, wide).expand(part.count, high, wide))
        for each, part in zip(found, parts, strict=True)
    ]
    count = sum(each.count for each in parts) - overlap * (len(parts) - 1)
    merged = torch.empty(count, 1, high, wide)
    lay(masks, merged, overlap, _stretched, curve)
    if parts[0].pixels.ndim == 5:
        merged = merged.movedim(0, 1).unsqueeze(0) if parts[0].axis else merged.unsqueeze(2)
    latent[MASK] = merged


def _masks(frames: Frames) -> Tensor | None:
    """A mask for each frame, (frames, height, width)."""
    masks = masks_of(frames)
    if masks is None:
        return None
    places = spread(masks, frames, range(frames.count))
    each = pick(masks.masks, places, masks.axis).movedim(masks.axis, 0)
    return each.reshape(frames.count, -1, *each.shape[-2:])[:, 0]


def _stretched(layers: Tensor, width: int, height: int) -> Tensor:
    """As the host stretches a mask over its latent."""
    return functional.interpolate(layers, size=(height, width), mode="bilinear")
