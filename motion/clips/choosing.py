"""Which frames of a clip are learnt from, and which clips are held back."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .chance import below, fraction
from .errors import ClipsError

SLOWER, SKIP = "slower", "skip"
SHORT = (SLOWER, SKIP)
"""What becomes of a clip with fewer frames than are asked for: some of them come several times, or it is left out."""


@dataclass(frozen=True)
class Choosing:
    """How frames are chosen."""

    frames: int = 16
    stride: int = 4
    """Frames of the clip from one to the next."""
    views: int = 1
    """How many windows of a clip are prepared, each with a random start; epochs go through them in turn."""
    flip: bool = True
    """Whether each window comes mirrored as often as not. Not where left and right matter, as for moves of a camera."""
    short: str = SLOWER
    """One of `SHORT`."""
    first: int = 0
    """Frames to leave out at the beginning of every clip, as Crop Video (Temporal) of ComfyUI does."""
    length: int = 0
    """Frames to look at from there; 0 is all."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("frames", 1), ("stride", 1), ("views", 1), ("first", 0), ("length", 0)):
            if getattr(self, name) < least:
                raise ClipsError(f"{name} is {getattr(self, name)}; it must be {least} or more.")

    def is_short(self, length: int) -> bool:
        """Whether a clip of so many frames has less than a window."""
        return cropped(length, self.first, self.length)[1] <= (self.frames - 1) * self.stride


@dataclass(frozen=True)
class View:
    """What is shown of a clip."""

    frames: tuple[int, ...]
    """Numbers of its frames, rising; a short clip has some of them several times."""
    mirrored: bool = False

    @property
    def is_still(self) -> bool:
        """Whether there is nothing moving in it."""
        return len(self.frames) > 1 and self.frames[0] == self.frames[-1]


def views(content: str, length: int, choosing: Choosing) -> tuple[View, ...]:
    """What is shown of a clip, the same for the same content and settings.

    Args:
        content: what the clip is, so that copies of it are shown alike.
        length: its frames.

    Raises:
        ClipsError: it has no frames, or too few where short ones are left out.
    """
    start, count = cropped(length, choosing.first, choosing.length)
    has = f"{length} frame{'s' * (length > 1)}"
    if length < 1:
        raise ClipsError("it has no frames")
    if choosing.first >= length:
        raise ClipsError(f"it has {has}, and skip_frames leaves out the first {choosing.first}")
    if choosing.short == SKIP and count < choosing.frames:
        left = "" if count == length else f", {count} of them chosen"
        raise ClipsError(f"it has {has}{left}, and {choosing.frames} are asked for")
    room = count - window(count, choosing.frames, choosing.stride) + 1
    starts = dict.fromkeys(below(room, choosing.seed, content, view) for view in range(choosing.views))
    mirrors = (False, True) if choosing.flip else (False,)
    return tuple(
        View(tuple(start + number for number in spread(count, choosing.frames, choosing.stride, first)), mirrored)
        for first in starts
        for mirrored in mirrors
    )


def window(length: int, frames: int, stride: int) -> int:
    """Frames from the first to the last of a view: as the original trainer has it, or all of a clip that is shorter."""
    return min(length, (frames - 1) * stride + 1)


def spread(length: int, frames: int, stride: int, start: int) -> tuple[int, ...]:
    """Numbers of frames as the trainer of AnimateDiff (arXiv 2307.04725) picks them: evenly over the window."""
    last = start + window(length, frames, stride) - 1
    return tuple(np.linspace(start, last, frames, dtype=int).tolist())


def cropped(length: int, first: int, count: int) -> tuple[int, int]:
    """First frame and number of frames of a part of a clip.

    Args:
        first: beyond the end it is the last frame.
        count: 0 is all; beyond the end it is what is there.
    """
    first = max(0, min(first, length - 1))
    return first, min(count or length, length - first)


def held_out(contents: Iterable[str], part: float, seed: int = 0) -> frozenset[str]:
    """The clips to validate with, told by what they are: whether one is held out does not depend on the others.

    Only if there would be none at all of a kind, held out or to learn from, the nearest one is.

    Args:
        part: 0 holds none out.
    """
    drawn = {content: fraction(seed, "held out", content) for content in set(contents)}
    if part <= 0.0 or len(drawn) < 2:
        return frozenset()
    order = sorted(drawn, key=lambda content: (drawn[content], content))
    count = sum(draw < part for draw in drawn.values())
    return frozenset(order[: max(1, min(count, len(order) - 1))])
