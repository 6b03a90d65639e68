"""The eight moves of a camera that MotionLoRAs are released for, as paths of a window over pictures.

AnimateDiff (arXiv 2307.04725) makes the clips for them by rules: the window shrinks for a zoom and slides for a pan. A
name says what the camera does, as in ``motion/camera``; what is in the picture goes the other way.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..values import INTERPOLATIONS
from .errors import ClipsError

QUARTER = math.pi / 2
"""How far a roll with an amount of 1 turns."""
AMOUNT = 0.3
LARGEST_AMOUNT = 10.0
EASINGS: Mapping[str, Callable[[float], float]] = {name: way for name, way in INTERPOLATIONS.items() if way(1.0) == 1.0}
"""How far a move has come at a part of its time."""


@dataclass(frozen=True)
class Window:
    """The part of a picture that is shown; lengths in pixels of it, places from its upper left corner."""

    x: float
    """Of its middle."""
    y: float
    width: float
    height: float
    angle: float = 0.0
    """By which the camera is turned clockwise, in radians; the picture shows turned the other way."""

    def corners(self) -> list[tuple[float, float]]:
        """Where its corners are."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        ends = [(x * self.width / 2, y * self.height / 2) for y in (-1, 1) for x in (-1, 1)]
        return [(self.x + cos * x - sin * y, self.y + sin * x + cos * y) for x, y in ends]


@dataclass(frozen=True)
class Shot:
    """A move from one end to the other; where it is half way, it is in the middle of the picture."""

    zoom: int = 0
    """1 for coming closer, -1 for going away."""
    x: int = 0
    """1 for right, -1 for left."""
    y: int = 0
    """1 for down, -1 for up."""
    roll: int = 0
    """1 for clockwise, -1 for anticlockwise."""


SHOTS: Mapping[str, Shot] = {
    "ZoomIn": Shot(zoom=1),
    "ZoomOut": Shot(zoom=-1),
    "PanLeft": Shot(x=-1),
    "PanRight": Shot(x=1),
    "TiltUp": Shot(y=-1),
    "TiltDown": Shot(y=1),
    "RollingClockwise": Shot(roll=1),
    "RollingAnticlockwise": Shot(roll=-1),
}
"""By the names of the released files."""


def shot_path(
    name: str,
    frames: int,
    picture: tuple[int, int],
    size: tuple[int, int],
    amount: float = AMOUNT,
    easing: str = "linear",
) -> tuple[Window, ...]:
    """The windows of a shot, none of which reaches beyond the picture.

    Args:
        name: one of `SHOTS`.
        frames: length of the clip.
        picture: height and width of the pictures.
        size: height and width of the clip, whose shape the windows have.
        amount: how far it goes. A zoom comes 1 + amount times as close, a pan goes amount times the width of the clip,
            a tilt that of its height, and a roll turns by amount times 90 degrees.
        easing: one of `EASINGS`.

    Raises:
        ClipsError: there is no such shot, no frame, or an amount that is none.
    """
    if name not in SHOTS:
        raise ClipsError(f"There is no shot {name}. Choose one of {', '.join(SHOTS)}.")
    if easing not in EASINGS:
        raise ClipsError(f"There is no easing {easing}. Choose one of {', '.join(EASINGS)}.")
    if frames < 1 or min(*picture, *size) < 1:
        raise ClipsError("A shot needs at least one frame, and pictures that are not empty.")
    if not 0.0 < amount <= LARGEST_AMOUNT:
        raise ClipsError(f"amount is {amount:g}; it must be above 0 and at most {LARGEST_AMOUNT:g}.")
    shot = SHOTS[name]
    ways = [EASINGS[easing](number / max(frames - 1, 1)) for number in range(frames)]
    if shot.zoom:
        return tuple(_zoomed(picture, size, amount, way if shot.zoom > 0 else 1.0 - way) for way in ways)
    if shot.roll:
        return _rolled(picture, size, [shot.roll * amount * QUARTER * (way - 0.5) for way in ways])
    return tuple(_moved(picture, size, amount, shot, way - 0.5) for way in ways)


def _zoomed(picture: tuple[int, int], size: tuple[int, int], amount: float, way: float) -> Window:
    """Coming closer by the same factor in the same time looks even."""
    height, width = _largest(picture[0], picture[1], size)
    scale = (1.0 + amount) ** -way
    return Window(picture[1] / 2, picture[0] / 2, width * scale, height * scale)


def _moved(picture: tuple[int, int], size: tuple[int, int], amount: float, shot: Shot, way: float) -> Window:
    room = (picture[0] / (1 + amount * abs(shot.y)), picture[1] / (1 + amount * abs(shot.x)))
    height, width = _largest(*room, size)
    x, y = (shot.x * width * amount * way, shot.y * height * amount * way)
    return Window(picture[1] / 2 + x, picture[0] / 2 + y, width, height)


def _rolled(picture: tuple[int, int], size: tuple[int, int], angles: list[float]) -> tuple[Window, ...]:
    """Turned about the middle, in the largest size that fits at every angle.

    A window of width w and height h that is turned by a is w |cos a| + h |sin a| wide and w |sin a| + h |cos a| high.
    """
    aspect = size[1] / size[0]
    turns = [(abs(math.cos(angle)), abs(math.sin(angle))) for angle in angles]
    fits = [min(picture[1] / (aspect * cos + sin), picture[0] / (aspect * sin + cos)) for cos, sin in turns]
    height = min(fits)
    return tuple(Window(picture[1] / 2, picture[0] / 2, height * aspect, height, angle) for angle in angles)


def _largest(height: float, width: float, size: tuple[int, int]) -> tuple[float, float]:
    """Height and width of the largest window of a shape in a space."""
    scale = min(height / size[0], width / size[1])
    return size[0] * scale, size[1] * scale
