"""How the pictures of a video lie: turned, mirrored, with pixels that are no squares; and which part is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_STRETCHED = 16.0
"""Pixels wider or narrower than this are a fault of the file."""
FITS = ("crop", "stretch", "pad")
"""How a picture fills frames of another shape: what sticks out is cut off, it is deformed, or it gets black bars."""


@dataclass(frozen=True)
class Shape:
    """How pictures become frames."""

    fit: str = FITS[0]
    multiple: int = 1
    """Width and height are one of this many pixels."""


CROP = Shape()


@dataclass(frozen=True)
class Orientation:
    """How stored pictures are laid out when shown: first the axes are exchanged, then mirrored."""

    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def shown(self, picture: np.ndarray) -> np.ndarray:
        """A view of a (height, width, channels) picture as it is shown."""
        if self.transposed:
            picture = picture.swapaxes(0, 1)
        return picture[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]

    def stored(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height in the file of what is shown in a size, and the other way round."""
        return (size[1], size[0]) if self.transposed else size


def orientation(matrix: Sequence[int]) -> Orientation:
    """The orientation nearest to a display matrix.

    Args:
        matrix: nine numbers, of which the first two of each row say where x and y go, as in the headers of mp4 files.
    """
    a, b, _, c, d = (int(number) for number in matrix[:5])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, flip_x=c < 0, flip_y=b < 0)
    return Orientation(False, flip_x=a < 0, flip_y=d < 0)


def shown_size(width: int, height: int, pixel_aspect: float) -> tuple[int, int]:
    """The size of a stored picture with square pixels.

    Args:
        pixel_aspect: width of a pixel by its height; 0 and what no camera makes stand for squares.
    """
    if not 1 / MOST_STRETCHED <= pixel_aspect <= MOST_STRETCHED:
        return width, height
    return max(1, round(width * pixel_aspect)), height


@dataclass(frozen=True)
class Fit:
    """How to fill a size: shrink a picture to ``width`` and ``height``, take a part, enlarge that if need be."""

    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int


def cover(stored: tuple[int, int], square: tuple[int, int], wanted: tuple[int, int]) -> Fit:
    """Fill a size, and crop what sticks out on both sides.

    Args:
        stored: width and height of the picture in the file.
        square: the same with square pixels.
        wanted: the size to fill, oriented as in the file.
    """
    scale = max(wanted[0] / square[0], wanted[1] / square[1])
    (width, left, right), (height, top, bottom) = (
        _span(side, max(full, round(real * scale)), full)
        for side, real, full in zip(stored, square, wanted, strict=True)
    )
    return Fit(width, height, left, top, right, bottom)


def stretch(stored: tuple[int, int], wanted: tuple[int, int]) -> Fit:
    """Fill a size with all of a picture.

    Args:
        stored: width and height of the picture in the file.
        wanted: the size to fill, oriented as in the file.
    """
    width, height = (min(side, full) for side, full in zip(stored, wanted, strict=True))
    return Fit(width, height, 0, 0, width, height)


def inside(square: tuple[int, int], wanted: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a frame that all of a picture fills without being deformed, in the middle.

    Args:
        square: width and height of the picture with square pixels, as it is shown.
        wanted: width and height of the frame.
    """
    scale = min(wanted[0] / square[0], wanted[1] / square[1])
    sides = [min(full, max(1, round(side * scale))) for side, full in zip(square, wanted, strict=True)]
    left, top = ((full - side) // 2 for side, full in zip(sides, wanted, strict=True))
    return slice(top, top + sides[1]), slice(left, left + sides[0])


def _span(stored: int, covering: int, wanted: int) -> tuple[int, int, int]:
    """Length to shrink to, and start and end of the part to show."""
    length = min(stored, covering)
    shown = max(1, round(length * wanted / covering))
    start = (length - shown) // 2
    return length, start, start + shown
