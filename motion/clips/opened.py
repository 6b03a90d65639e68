"""A clip that is read, by whatever can read it, and what is wrong with it in one sentence."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from .cache import Cache
from .captions import one_line
from .catalogue import Clip
from .choosing import Choosing, View, views
from .errors import ClipsError
from .identity import length_key
from .shape import fitted, mirrored
from .skipping import Skips, readable

FAULTS = (OSError, ValueError, RuntimeError, EOFError, LookupError, ArithmeticError)
"""What readers raise about files; a stop that a person asked for is none of them."""
NONE_USABLE = "None of the clips can be used."
NAMED = 5
"""Clips that a message names."""
LONGEST = 200
"""Characters of what somebody else's library says."""


class Footage(Protocol):
    """A clip that is open."""

    @property
    def length(self) -> int:
        """How many frames it has."""
        ...

    def frames(self, numbers: Sequence[int], /) -> Tensor:
        """Some of them, (frames, height, width, 1, 3 or 4) in 0..1 or bytes.

        Args:
            numbers: rising, the same one perhaps several times.
        """
        ...


class Measured(NamedTuple):
    """A clip, by what it holds."""

    content: str
    length: int
    """Frames."""


class UnusableClipError(Exception):
    """A clip is left out; the message is the reason."""


class Opened:
    """A clip that is opened when something of it is asked for, once.

    Args:
        reader: opens a clip.
    """

    def __init__(self, clip: Clip, reader: Callable[[Clip], AbstractContextManager[Footage]]) -> None:
        self._clip, self._reader = clip, reader
        self._stack = ExitStack()
        self._footage: Footage | None = None
        self._last: tuple[tuple[int, ...], Tensor] | None = None
        """Frames that were asked for, and their pictures: they are shown mirrored next."""

    def __enter__(self) -> "Opened":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def content(self, told: Callable[[Clip], str]) -> str:
        """What it is, as somebody tells it."""
        with _faults():
            return told(self._clip)

    def length(self) -> int:
        """Its frames."""
        with _faults():
            return int(self._opened().length)

    def views(self, content: str, length: int, choosing: Choosing) -> tuple[View, ...]:
        """What to show of it."""
        with _faults():
            return views(content, length, choosing)

    def pictures(self, view: View, size: tuple[int, int]) -> Tensor:
        """The frames of a view, (frames, height, width, 3) float32 in 0..1."""
        if self._last is None or self._last[0] != view.frames:
            with _faults():
                frames = self._opened().frames(view.frames)
                if frames.shape[0] != len(view.frames):
                    raise ClipsError(f"it gives {frames.shape[0]} frames where {len(view.frames)} are asked for")
                self._last = view.frames, fitted(frames, size)
        pictures = self._last[1]
        return mirrored(pictures) if view.mirrored else pictures

    def _opened(self) -> Footage:
        if self._footage is None:
            self._footage = self._stack.enter_context(self._reader(self._clip))
        return self._footage


def first_pictures(
    clips: Iterable[Clip],
    told: Callable[[Clip], str],
    reader: Callable[[Clip], AbstractContextManager[Footage]],
    choosing: Choosing,
    size: tuple[int, int],
) -> Tensor:
    """The first view of the first clip that can be used, (frames, height, width, 3) float32 in 0..1.

    Args:
        told: tells what a clip is.
        reader: opens one.
        size: height and width.

    Raises:
        ClipsError: none can be used.
    """
    skips = Skips()
    for clip in clips:
        try:
            with Opened(clip, reader) as opened:
                shown = opened.views(opened.content(told), opened.length(), choosing)
                return opened.pictures(shown[0], size)
        except UnusableClipError as error:
            skips.add(clip.name or clip.source, str(error))
    raise ClipsError(" ".join([NONE_USABLE, *map(str, skips.told()[:NAMED])]))


def pictures_of(
    clip: Clip, reader: Callable[[Clip], AbstractContextManager[Footage]], view: View, size: tuple[int, int]
) -> Tensor:
    """A view of a clip that has to be there, (frames, height, width, 3) float32 in 0..1.

    Args:
        reader: opens a clip.
        size: height and width.

    Raises:
        ClipsError: it cannot be read.
    """
    try:
        with Opened(clip, reader) as opened:
            return opened.pictures(view, size)
    except UnusableClipError as error:
        raise _named(clip, error) from error


def length_of(
    clip: Clip, told: Callable[[Clip], str], reader: Callable[[Clip], AbstractContextManager[Footage]], cache: Cache
) -> Measured:
    """What a clip that has to be there is, and its frames, which are kept.

    Args:
        told: tells what a clip is.
        reader: opens one.

    Raises:
        ClipsError: it cannot be read.
    """
    try:
        with Opened(clip, reader) as opened:
            content = opened.content(told)
            return Measured(content, kept_length(content, opened, cache))
    except UnusableClipError as error:
        raise _named(clip, error) from error


def kept_length(content: str, opened: Opened, cache: Cache) -> int:
    """The frames of a clip, which are kept, too: to count them a file may have to be read to its end."""
    key = length_key(content)
    if key in cache:
        return int(cache.read(key))
    length = opened.length()
    cache.add(key, torch.tensor(length))
    return length


def _named(clip: Clip, error: UnusableClipError) -> ClipsError:
    return ClipsError(f"{readable(clip.name or clip.source)}: {error}. Replace it, or take it out.")


@contextmanager
def _faults() -> Iterator[None]:
    """Turns what is wrong with a clip into a reason; for lack of memory no clip is to blame."""
    try:
        yield
    except ClipsError as error:
        raise UnusableClipError(str(error)) from error
    except torch.OutOfMemoryError:
        raise
    except FAULTS as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        said = one_line(told)[:LONGEST].rstrip(".") or type(error).__name__
        raise UnusableClipError(f"it cannot be read ({said})") from error
