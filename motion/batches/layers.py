"""Frames written where they stay: in the size, the channels and the number type of the batch they become part of.

Layers are (frames, …, channels, height, width), whatever the kind.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .fading import shares
from .frames import Frames, Kind

BLOCK = 16
"""Frames that are resized together, so that little of them is in memory twice."""
Resize = Callable[[Tensor, int, int], Tensor]
"""Brings (frames, channels, height, width) to a width and height."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the frames of a batch, as part of another."""

    frames: Frames
    first: int
    count: int

    def blocks(self, size: tuple[int, int], resize: Resize) -> Iterator[tuple[int, Tensor]]:
        """The layers of its frames in another size, a few at a time, each with the place of the first among them."""
        layers = self.frames.layers[self.first : self.first + self.count]
        for place in range(0, self.count, BLOCK):
            yield place, resized(layers[place : place + BLOCK], size, resize)


def resized(layers: Tensor, size: tuple[int, int], resize: Resize) -> Tensor:
    """The same layers in another width and height."""
    if (layers.shape[-1], layers.shape[-2]) == size:
        return layers
    flat = layers.reshape(-1, *layers.shape[-3:])
    # whole numbers and truths cannot be mixed
    flat = flat if flat.is_floating_point() else flat.float()
    return resize(flat, *size).reshape(*layers.shape[:-2], size[1], size[0])


def lay(parts: Sequence[Frames], into: Tensor, overlap: int, resize: Resize, curve: str) -> None:
    """Put batches one behind the other, each over the end of the one before it.

    Args:
        into: layers of the new batch, as long as all of them without what they share.
        overlap: frames that each batch shares with the one before it.
        curve: how they fade there.
    """
    end, size = 0, (into.shape[-1], into.shape[-2])
    for each in parts:
        shared = overlap if end else 0
        if shared:
            there = into[end - shared : end]
            blend(Part(each, 0, shared), there, shares(shared, curve), size, resize)
        rest = Part(each, shared, each.count - shared)
        write(rest, into[end : end + rest.count], size, resize)
        end += rest.count


def write(part: Part, into: Tensor, size: tuple[int, int], resize: Resize) -> None:
    """Put frames into layers of the new batch."""
    for place, block in part.blocks(size, resize):
        set_channels(block, into[place : place + block.shape[0]], part.frames.kind)


def blend(part: Part, into: Tensor, news: Tensor, size: tuple[int, int], resize: Resize) -> None:
    """Mix frames with those that are there already.

    Args:
        news: how much of the new frame each of them gets, (frames,).
    """
    for place, block in part.blocks(size, resize):
        there = into[place : place + block.shape[0]]
        new = torch.empty(there.shape, dtype=there.dtype, device=there.device)
        set_channels(block, new, part.frames.kind)
        share = news[place : place + block.shape[0]].to(there)
        there.lerp_(new, share.reshape(-1, *[1] * (there.ndim - 1)))


def set_channels(layers: Tensor, into: Tensor, kind: Kind) -> None:
    """Copy layers; pictures become coloured, and opaque where they say nothing of it, if the new ones say more."""
    own, wanted = layers.shape[-3], into.shape[-3]
    if own == wanted or kind is not Kind.IMAGE:
        into.copy_(layers)
        return
    into[..., :3, :, :] = layers[..., : 1 if own < 3 else 3, :, :]
    if wanted == 4:
        into[..., 3:, :, :] = layers[..., -1:, :, :] if own == 2 else 1.0


def common_channels(channels: set[int]) -> int | None:
    """The channels that pictures of these channels can have together, None if there are none."""
    if len(channels) == 1:
        return next(iter(channels))
    if not channels <= {1, 2, 3, 4}:
        return None
    return 4 if channels & {2, 4} else 3
