"""Which frames of a video make up a clip."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

Picture = TypeVar("Picture")
TINY = 1e-6
"""Seconds by which times in video files are rounded."""


class Shown(NamedTuple, Generic[Picture]):
    """A picture of a video and when it is on the screen, in seconds from the start."""

    start: float
    end: float
    picture: Picture


@dataclass(frozen=True)
class Choice:
    """The frames of a clip, counted at its own frame rate."""

    rate: float = 0.0
    """Frames per second to look at the video; 0 takes every picture once."""
    skip: int = 0
    every: int = 1
    count: int = 0
    """At most so many; 0 takes all."""

    def takes(self, number: int) -> bool:
        """Whether frame ``number`` is one of the clip."""
        return number >= self.skip and (number - self.skip) % self.every == 0

    def needed(self, duration: float, pictures_per_second: float) -> int:
        """About how many frames a video of that many seconds gives."""
        return self.of(round(duration * (self.rate or pictures_per_second)))

    def of(self, looked_at: int) -> int:
        """How many frames there are of so many that are looked at."""
        count = max(0, -(-(looked_at - self.skip) // self.every))
        return min(count, self.count) if self.count else count


def chosen(pictures: Iterable[Shown[Picture]], choice: Choice) -> Iterator[Picture]:
    """The pictures on the screen at each moment of the clip; a slow video gives some of them several times.

    Args:
        pictures: in the order in which they are shown.
    """
    number = taken = 0
    for shown in pictures:
        # at a rate of 0 every picture is one moment
        while choice.rate == 0.0 or number / choice.rate < shown.end - TINY:
            if choice.takes(number):
                yield shown.picture
                taken += 1
                if taken == choice.count:
                    return
            number += 1
            if choice.rate == 0.0:
                break


def clip_size(source: tuple[int, int], width: int, height: int, multiple: int = 1) -> tuple[int, int]:
    """The size of a clip, where 0 stands for "as the video has it".

    A side that follows from the other one keeps the video's shape, in steps of 8 pixels, which is what latents have.

    Args:
        source: width and height of the video.
        multiple: of which both sides are in the end; the next lower one is taken.
    """
    if width == 0 and height == 0:
        width, height = max(1, source[0]), max(1, source[1])
    elif width == 0:
        width = max(8, 8 * round(height * source[0] / max(1, source[1]) / 8))
    elif height == 0:
        height = max(8, 8 * round(width * source[1] / max(1, source[0]) / 8))
    return max(multiple, width // multiple * multiple), max(multiple, height // multiple * multiple)
