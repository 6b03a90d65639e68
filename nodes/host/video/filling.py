"""Pictures written into one tensor by threads while the next ones are decoded."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..memory import shortage
from .problems import VideoFramesError

WORKERS = 2
WAITING_BYTES = 24 << 20
"""Of the decoded pictures that wait for a thread."""
MOST_WAITING = 8
TOLD_EVERY = 16
"""Frames."""

Write = Callable[[Any, Tensor], Tensor | None]
"""Writes a picture to (height, width, 3) and answers its opacity, (height, width), None if it is opaque."""


@dataclass(frozen=True)
class Filled:
    """Frames in 0..1."""

    images: Tensor
    """(frames, height, width, channels); channel 4 is opacity."""
    mask: Tensor
    """(frames, height, width): 1 where the video is transparent."""


def filled(
    pictures: Iterator[Any],
    size: Callable[[Any], tuple[int, int]],
    expected: Callable[[int, int], int],
    write: Write,
    channels: int = 3,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Filled | None:
    """All pictures as one tensor, each written once, where it stays.

    Memory is asked for before the second picture is decoded and given by the system when it is written to, so that what
    was expected too many takes none; black masks take none either.

    Args:
        pictures: one that is given several times in a row is written once and copied.
        size: width and height of a clip that begins with a picture.
        expected: how many pictures of a width and height there are to come, about.
        channels: 3, or 4 with opacity.
        progress: told now and then of the frames there are and how many are expected.

    Returns:
        None if there is no picture.

    Raises:
        VideoFramesError: they would not fit into memory.
    """
    first = next(pictures, None)
    if first is None:
        return None
    wide, high = size(first)
    frames, mask = _room(max(1, expected(wide, high)), high, wide, channels)
    waiting: deque[Future[None]] = deque()
    most = min(MOST_WAITING, max(1, WAITING_BYTES // (3 * wide * high)))
    last: Any = None
    count = 0
    with ThreadPoolExecutor(WORKERS) as threads:
        picture: Any = first
        while picture is not None:
            if count == frames.shape[0]:
                _finish(waiting, 0)
                frames, mask = _longer(frames, mask)
            if count and picture is last:
                # threads take tasks in order, so that the one it waits for was taken before
                waiting.append(threads.submit(_copy, waiting[-1] if waiting else None, frames, mask, count))
            else:
                waiting.append(threads.submit(_put, write, picture, frames[count], mask, count))
            _finish(waiting, most)
            last, count = picture, count + 1
            if count % TOLD_EVERY == 0:
                progress(count, frames.shape[0])
            picture = next(pictures, None)
        _finish(waiting, 0)
    return Filled(frames[:count], mask[:count])


@torch.inference_mode()  # each thread has a mode of its own; what is made in this one can be written in it alone
def _put(write: Write, picture: Any, slot: Tensor, mask: Tensor, place: int) -> None:
    opacity = write(picture, slot[..., :3])
    if slot.shape[-1] == 4:
        slot[..., 3] = 1.0 if opacity is None else opacity
    if opacity is not None:
        torch.sub(1.0, opacity, out=mask[place])


@torch.inference_mode()
def _copy(before: "Future[None] | None", frames: Tensor, mask: Tensor, place: int) -> None:
    if before is not None:
        before.result()
    frames[place] = frames[place - 1]
    if mask[place - 1].any():
        mask[place] = mask[place - 1]


def _finish(waiting: "deque[Future[None]]", most: int) -> None:
    while len(waiting) > most:
        waiting.popleft().result()


def _room(count: int, high: int, wide: int, channels: int) -> tuple[Tensor, Tensor]:
    short = shortage(count, wide, high)
    if short is not None:
        raise VideoFramesError(
            f"{count} frames of {wide}x{high} take {short[0]:.1f} GB, but {short[1]:.1f} GB of memory are free. Set "
            "frames, width and height, or raise every_nth."
        )
    # numpy's zeros take no memory until they are written to
    return torch.empty(count, high, wide, channels), torch.from_numpy(np.zeros((count, high, wide), np.float32))


def _longer(frames: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """More room, for a file that told less than it has."""
    count, high, wide, channels = frames.shape
    longer, wider = _room(count + max(16, count // 4), high, wide, channels)
    longer[:count] = frames
    if mask.any():
        wider[:count] = mask
    return longer, wider
