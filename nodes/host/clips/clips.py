"""Clips that somebody wants to learn from: the record on a `KINEMA_CLIPS` wire, of which nothing is read yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ....motion.clips import Catalogue, Choosing, Clip, ClipsError, Contents, Footage
from .reels import Fitted, Reel

MULTIPLE = 8
"""Pixels to a place of a latent."""


class Reader(Protocol):
    """What knows where clips are."""

    def content(self, clip: Clip, contents: Contents) -> str:
        """The key of what a clip is.

        Args:
            contents: knows those of files.

        Raises:
            OSError: it cannot be read.
        """
        ...

    def reel(self, clip: Clip) -> Reel:
        """Its pictures."""
        ...


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips with captions, how to read them, and what to take of them."""

    catalogue: Catalogue
    reader: Reader
    choosing: Choosing
    size: tuple[int, int]
    """Height and width in pixels, multiples of `MULTIPLE`."""

    def __post_init__(self) -> None:
        for name, side in zip(("height", "width"), self.size, strict=True):
            if side < MULTIPLE or side % MULTIPLE:
                raise ClipsError(f"{name} is {side}; it must be a multiple of {MULTIPLE}, such as 256.")

    @contextmanager
    def open(self, clip: Clip) -> Iterator[Footage]:
        """The frames of a clip in the size that is wanted."""
        yield Fitted(self.reader.reel(clip), self.size)

    def stored_size(self, clip: Clip) -> tuple[int, int]:
        """Height and width of a clip's pictures as they are stored.

        Raises:
            ClipsError: it cannot be read.
        """
        first = next(iter(self.reader.reel(clip).pictures([0])))
        return first.shape[0], first.shape[1]

    def told(self) -> str:
        """What is in it and what will be taken of it, in lines."""
        choosing = self.choosing
        is_single = choosing.frames == 1
        shown = "single frames" if is_single else f"{choosing.frames} frames, {choosing.stride} apart"
        parts = f"{choosing.views} parts of each clip, each with " if choosing.views > 1 else ""
        mirrored = ", also mirrored" if choosing.flip else ""
        return f"{self.catalogue.told()}\n{parts}{shown}, {self.size[1]}x{self.size[0]} pixels{mirrored}"
