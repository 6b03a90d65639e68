"""Clips and pictures that a camera moves over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from torch import Tensor

from ....motion.clips import (
    SKIP,
    Catalogue,
    Choosing,
    Clip,
    ClipsError,
    Contents,
    cropped,
    filmed_in_turn,
    first_pictures,
    key_of,
    shot_path,
)
from .clips import Clips
from .kept import training_cache
from .reels import Reel


@dataclass(frozen=True)
class Camera:
    """How a camera moves."""

    shots: tuple[str, ...]
    """One or several of `SHOTS`; every clip is filmed with each."""
    amount: float
    """How far, see `shot_path`."""
    easing: str


@dataclass(frozen=True, eq=False)
class Take:
    """A clip that is filmed with one move."""

    clips: Clips
    """Where it is from."""
    clip: Clip
    shot: str


@dataclass(frozen=True, eq=False)
class Filming:
    """Reads clips through a camera."""

    takes: Mapping[str, Take]
    """By the source of the filmed clip."""
    camera: Camera
    size: tuple[int, int]

    def content(self, clip: Clip, contents: Contents) -> str:
        """What is filmed, and how."""
        take = self.takes[clip.source]
        choosing = take.clips.choosing
        return key_of(
            "shot",
            content=take.clips.reader.content(take.clip, contents),
            how=(take.shot, self.camera.amount, self.camera.easing),
            part=(choosing.frames, choosing.stride, choosing.first, choosing.length, choosing.short),
        )

    def reel(self, clip: Clip) -> Reel:
        """Nothing is read until pictures are asked for."""
        take = self.takes[clip.source]
        return FilmedReel(take.clips.reader.reel(take.clip), take.clips.choosing, take.shot, self.camera, self.size)


@dataclass(frozen=True)
class FilmedReel:
    """A whole move over whichever pictures are asked for; a picture stays as long as the move needs."""

    reel: Reel
    choosing: Choosing
    """Of the clip that is filmed."""
    shot: str
    camera: Camera
    size: tuple[int, int]

    @property
    def length(self) -> int:
        """At least that of one view, so that a camera moves over a picture at its own pace."""
        count = self._part()[1]
        if self.choosing.short == SKIP and 1 < count < self.choosing.frames:
            raise ClipsError(f"it has {count} frames, and {self.choosing.frames} are asked for")
        return self._length(count)

    def pictures(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Frames of the size of the clip."""
        start, count = self._part()
        length = self._length(count)
        shown = self.reel.pictures([start + number * count // length for number in numbers])
        first = next(shown)
        picture = (first.shape[0], first.shape[1])
        path = shot_path(self.shot, len(numbers), picture, self.size, self.camera.amount, self.camera.easing)
        yield from filmed_in_turn(chain((first,), shown), path, self.size)

    def _part(self) -> tuple[int, int]:
        """First frame, and how many from there."""
        length = self.reel.length
        if length < 1:
            raise ClipsError("it has no frames")
        return cropped(length, self.choosing.first, self.choosing.length)

    def _length(self, count: int) -> int:
        return max(count, (self.choosing.frames - 1) * self.choosing.stride + 1)


def film_clips(sources: Sequence[Clips], camera: Camera) -> Clips:
    """Every clip with every move of a camera, in its size and with its caption, never mirrored.

    Raises:
        ClipsError: there are none, or single frames, in which nothing can move.
    """
    if not sources:
        raise ClipsError("There is nothing to film. Connect clips or an image.")
    first = sources[0]
    if first.choosing.frames < 2:
        raise ClipsError("A camera cannot move within 1 frame. Set frames of the clips to 2 or more, such as 16.")
    takes = [Take(each, clip, shot) for each in sources for clip in each.catalogue.clips for shot in camera.shots]
    clips = [
        replace(take.clip, source=f"{number} {take.clip.source}", name=f"{take.clip.name}, {take.shot}")
        for number, take in enumerate(takes)
    ]
    by_source = {clip.source: take for clip, take in zip(clips, takes, strict=True)}
    skipped = tuple(each for source in sources for each in source.catalogue.skipped)
    choosing = replace(first.choosing, flip=False, first=0, length=0)
    return Clips(Catalogue(tuple(clips), skipped), Filming(by_source, camera, first.size), choosing, first.size)


def first_view(clips: Clips) -> Tensor:
    """The frames of the first clip that can be read, (frames, height, width, 3) in 0..1, as they are learnt.

    Raises:
        ClipsError: none can be read.
    """
    told = partial(clips.reader.content, contents=Contents(training_cache()))
    return first_pictures(clips.catalogue.clips, told, clips.open, clips.choosing, clips.size)
