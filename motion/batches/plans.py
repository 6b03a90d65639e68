"""Lists of the frames that make up a new batch, by their numbers in the old one."""

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import BatchError
from .expressions import Index, Part, Range

MOST = 1_000_000
"""Frames of a batch."""
ERROR, CLAMP, LEAVE_OUT = OUTSIDE = ("error", "clamp", "leave_out")
"""What becomes of a frame that is not there."""
WHOLE_CLIP, EACH_FRAME = ORDERS = ("whole_clip", "each_frame")


@dataclass(frozen=True)
class Chosen:
    """Frames that a text means."""

    indices: Sequence[int]
    told: str
    """What the person may not have meant, a short line; nothing if there is none."""


def choose(parts: Sequence[Part], count: int, outside: str = ERROR) -> Chosen:
    """The frames that indices and ranges mean in a batch of ``count``; ranges end where the batch does.

    Raises:
        BatchError: a frame that is not there, none at all, or too many.
    """
    lists = [[part.number] if isinstance(part, Index) else part.of(count) for part in parts]
    check_length(sum(map(len, lists)))
    beyond = [part.number for part in parts if isinstance(part, Index) and not -count <= part.number < count]
    if beyond and outside == ERROR:
        raise BatchError(
            f"There is no frame {beyond[0]} among {count} frames, which go from 0 to {count - 1}, or -{count} to -1. "
            "Change indices, or set out_of_range to clamp or leave_out."
        )
    indices = _placed(lists, count, outside)
    if not indices:
        raise BatchError(f"indices takes none of the {count} frames. Frames count from 0; a range ends before its end.")
    empty = [part.text for part, several in zip(parts, lists, strict=True) if isinstance(part, Range) and not several]
    told = ""
    if beyond:
        done = "the nearest are taken" if outside == CLAMP else "they are left out"
        told = f"{len(beyond)} of the numbers are of no frame; {done}."
    elif empty:
        told = f"`{empty[0][:24]}` takes none of the {count} frames."
    return Chosen(indices, told)


def _placed(lists: Sequence[Sequence[int]], count: int, outside: str) -> Sequence[int]:
    """All of them in a row, counted from the start."""
    if len(lists) == 1 and isinstance(lists[0], range):
        return lists[0]
    wanted = (each + count if each < 0 else each for several in lists for each in several)
    if outside == CLAMP:
        return [min(max(each, 0), count - 1) for each in wanted]
    return [each for each in wanted if 0 <= each < count]


def nth_frames(count: int, nth: int, skip: int) -> range:
    """Every ``nth`` frame after the first ``skip``.

    Raises:
        BatchError: there are no more than those.
    """
    if skip >= count:
        raise BatchError(f"skip_frames is {skip}, but there are {count} frames. Lower it to {count - 1} or less.")
    return range(skip, count, nth)


def split(count: int, index: int) -> tuple[range, range]:
    """The frames before one, and those from it on.

    Raises:
        BatchError: one of the two would be empty.
    """
    place = index + count if index < 0 else index
    if not 0 < place < count:
        advice = f"Choose 1 to {count - 1}, or -1 to -{count - 1}" if count > 1 else "Connect more frames"
        raise BatchError(f"{count} frames split at {index} leave nothing on one side. {advice}.")
    return range(place), range(place, count)


def repeated(count: int, times: int, order: str) -> Sequence[int]:
    """Every frame so many times: the clip again and again, or each frame in its place.

    Raises:
        BatchError: they would be too many.
    """
    check_length(count * times)
    if times == 1:
        return range(count)
    if order == WHOLE_CLIP:
        return list(range(count)) * times
    return [each for each in range(count) for _ in range(times)]


def ping_pong(count: int, repeat_ends: bool) -> Sequence[int]:
    """Forwards, then backwards; played again and again, no frame shows twice in a row unless the ends repeat."""
    back = range(count - 1, -1, -1) if repeat_ends else range(count - 2, 0, -1)
    return [*range(count), *back]


def check_length(frames: int) -> None:
    """Stop at more frames than anybody can hold, before they are listed.

    Raises:
        BatchError: there are too many.
    """
    if frames > MOST:
        raise BatchError(f"That makes {frames} frames; {MOST} are the most. Take fewer of them.")
