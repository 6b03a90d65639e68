"""What a LATENT knows of its frames goes with them: where noise is, and which noise it is.

The host spreads a noise mask over the frames by rules of its own: the masks of pictures start again when there are
fewer than frames, those of a video are stretched over it. One mask is that of all frames.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor
from torch.nn import functional

from .frames import Frames
from .picking import pick

MASK, INDEX = "noise_mask", "batch_index"


class Masks(NamedTuple):
    """A noise mask, and where its frames are."""

    masks: Tensor
    axis: int


def masks_of(frames: Frames) -> Masks | None:
    """The noise mask of a latent, None if it has none."""
    mask = (frames.latent or {}).get(MASK)
    if not isinstance(mask, Tensor) or not 2 <= mask.ndim <= 5 or 0 in mask.shape:
        return None
    if mask.ndim == 5:
        return Masks(_stretched(mask, frames.count) if frames.axis else mask, frames.axis)
    if frames.axis == 0 and frames.pixels.ndim == 5:
        # the host stretches it over the time of a video, which here is one frame
        return Masks(mask.reshape(-1, *mask.shape[-2:]).mean(0, keepdim=True), 0)
    if frames.axis:
        return Masks(_stretched(mask.reshape(1, 1, -1, *mask.shape[-2:]), frames.count), 2)
    return Masks(mask if mask.ndim == 4 and mask.shape[1] == 1 else mask.reshape(-1, *mask.shape[-2:]), 0)


def _stretched(masks: Tensor, count: int) -> Tensor:
    """Masks of a video, (batch, 1, time, height, width), over its frames."""
    if masks.shape[2] in (1, count):
        return masks
    return functional.interpolate(masks.float(), size=(count, *masks.shape[3:]), mode="trilinear")


def spread(masks: Masks, frames: Frames, indices: Sequence[int]) -> Sequence[int]:
    """Which mask each of these frames has."""
    count = masks.masks.shape[masks.axis]
    return indices if count >= frames.count else [each % count for each in indices]


def follow_mask(latent: dict[str, Any], frames: Frames, indices: Sequence[int]) -> None:
    """Take the noise masks of some frames."""
    masks = masks_of(frames)
    if masks is not None and masks.masks.shape[masks.axis] > 1:
        latent[MASK] = pick(masks.masks, spread(masks, frames, indices), masks.axis)


def numbers_of(frames: Frames) -> list[int] | None:
    """Which noise each frame has, None if that follows from its place."""
    numbers = (frames.latent or {}).get(INDEX)
    # those of a video count whole videos
    if frames.axis != 0 or not isinstance(numbers, list | tuple) or not numbers:
        return None
    if not all(isinstance(each, int) for each in numbers):
        return None
    return [numbers[each % len(numbers)] for each in range(frames.count)]


def follow_index(latent: dict[str, Any], frames: Frames, indices: Sequence[int], again: bool) -> None:
    """Let frames keep their noise; those that come again get noise of their own if they are to.

    As the host's nodes do it: a selection numbers the frames, a repetition only numbers them on.
    """
    if frames.axis != 0:
        return
    numbers = numbers_of(frames)
    if not again:
        latent[INDEX] = list(indices) if numbers is None else [numbers[each] for each in indices]
    elif numbers is not None:
        offset, seen = max(numbers) - min(numbers) + 1, [0] * frames.count
        latent[INDEX] = []
        for each in indices:
            latent[INDEX].append(numbers[each] + offset * seen[each])
            seen[each] += 1
