"""Which frames of a clip the pictures of a SparseCtrl belong to (arXiv 2311.16933)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..values import plain

LONGEST = 100_000
"""Characters of a list of frames."""
_INDEX = re.compile(r"[+-]?[0-9]{1,9}")
INDEXES = "indexes"
SPREADS = {"uniform": (0, 0), "starting": (0, 1), "ending": (1, 0), "center": (1, 1)}
"""Evenly spread pictures: how many places are left out at the start and at the end of the clip."""
PLACEMENTS = (INDEXES, *SPREADS)


class PlacementError(ValueError):
    """Pictures have no place in a clip; the message says which and what to do."""


@dataclass(frozen=True)
class Placement:
    """Where pictures go in a clip whose length is not known yet."""

    kind: str = "uniform"
    indexes: tuple[int, ...] = ()
    """For "indexes": a frame for each picture, negative ones counted from the end of the clip."""

    def frames(self, pictures: int, frames: int) -> tuple[int, ...]:
        """The frame of each picture in a clip of so many frames.

        Raises:
            PlacementError: there are too many pictures, a frame lies outside the clip, or two pictures share one.
        """
        if pictures > frames:
            raise PlacementError(
                f"There are {pictures} pictures for a clip of {frames} frames. Leave out pictures, or make the clip "
                "longer with the batch size of the latent."
            )
        if self.kind == INDEXES:
            return self._at_indexes(frames)
        return _spread(pictures, frames, *SPREADS[self.kind])

    def check_pictures(self, pictures: int) -> None:
        """Stop on another number of pictures than indexes.

        Raises:
            PlacementError: the numbers differ.
        """
        if self.kind == INDEXES and pictures != len(self.indexes):
            raise PlacementError(
                f"There are {pictures} pictures, but indexes names {len(self.indexes)} frames "
                f"({', '.join(map(str, self.indexes))}). Give one frame for each picture."
            )

    def _at_indexes(self, frames: int) -> tuple[int, ...]:
        given: dict[int, int] = {}
        for index in self.indexes:
            frame = index + frames if index < 0 else index
            if not 0 <= frame < frames:
                raise PlacementError(
                    f"indexes names frame {index}, but the clip has {frames} frames: they are 0 to {frames - 1}, or "
                    f"-{frames} to -1 counted from the end."
                )
            if frame in given:
                raise PlacementError(
                    f"indexes names frame {frame} twice in a clip of {frames} frames, as {given[frame]} and as "
                    f"{index}. A frame can have one picture."
                )
            given[frame] = index
        return tuple(given)


def _spread(pictures: int, frames: int, before: int, after: int) -> tuple[int, ...]:
    """Evenly spaced frames from the first to the last; ``before`` and ``after`` places at the ends stay free."""
    if pictures + before + after > frames:
        before = after = 0
    steps = pictures + before + after - 1
    return tuple(int((n + before) * (frames - 1) / max(steps, 1) + 0.5) for n in range(pictures))


def parse_indexes(text: str) -> tuple[int, ...]:
    """Read frame numbers with commas or spaces between them.

    Raises:
        PlacementError: something else, none at all, or one twice.
    """
    if len(text) > LONGEST:
        raise PlacementError(f"indexes has {len(text)} characters, more than all frames of a clip. Name fewer frames.")
    parts = [part for part in re.split(r"[\s,;]+", plain(text).strip("[]() \t\r\n")) if part]
    if not parts:
        raise PlacementError("indexes is empty. Write the frame of each picture, for example 0, 8, -1.")
    frames: dict[int, None] = {}
    for part in parts:
        if _INDEX.fullmatch(part) is None:
            raise PlacementError(
                f"indexes: {part[:40]!r} is no frame number. Write whole numbers with commas between them, for example "
                "0, 8, -1."
            )
        number = int(part)
        if number in frames:
            raise PlacementError(f"indexes names frame {number} twice. A frame can have one picture.")
        frames[number] = None
    return tuple(frames)


def pictures_of(window: Sequence[int], placed: Mapping[int, int], nearest: bool) -> dict[int, int]:
    """The pictures that the frames of one window get.

    Args:
        window: the frames' numbers in the whole clip.
        placed: frame of the clip to the number of its picture.
        nearest: a window without a picture takes the one whose frame is nearest to its first or last frame, at that
            end; in the middle if one picture is as near to both ends.

    Returns:
        Place in the window to the number of a picture.
    """
    pictures = {place: placed[frame] for place, frame in enumerate(window) if frame in placed}
    if pictures or not nearest or not placed:
        return pictures
    return _nearest(window, placed.items())


def _nearest(window: Sequence[int], placed: Iterable[tuple[int, int]]) -> dict[int, int]:
    last = len(window) - 1
    away = [
        (abs(frame - window[place]), place, picture)
        for frame, picture in sorted(placed, reverse=True)
        for place in (0, last)
    ]
    least = min(distance for distance, _, _ in away)
    nearest = {place: picture for distance, place, picture in away if distance == least}
    if len(nearest) == 2 and len(set(nearest.values())) == 1:
        return {last // 2: nearest[0]}
    return nearest
