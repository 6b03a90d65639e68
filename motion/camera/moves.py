"""Camera moves by name, as closed forms: turning, shifting, and going around a point."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..values import INTERPOLATIONS
from .paths import CameraPath, PathError, pose
from .rotations import rotations

Vector = tuple[float, float, float]
STILL: Vector = (0.0, 0.0, 0.0)
SPAN = 16
"""Frames in which a move at speed 1 goes as far as the table says."""
TURN, SHIFT, ZOOM = math.pi / 3, 1.5, 2.0
FOCAL_LENGTH, ASPECT = 0.474812461, 16 / 9
"""The lens of most clips that CameraCtrl was trained on: pictures of 16:9."""
ORBIT_DISTANCE = 1.5


class Move(NamedTuple):
    """How far a camera goes in `SPAN` frames; x is right, y down, z forwards."""

    turn: Vector = STILL
    """Axis times angle in radians, about the camera itself."""
    shift: Vector = STILL
    orbit: Vector = STILL
    """Axis times angle, about the point ahead of it."""


MOVES: Mapping[str, Move] = {
    "static": Move(),
    "pan left": Move(turn=(0.0, -TURN, 0.0)),
    "pan right": Move(turn=(0.0, TURN, 0.0)),
    "tilt up": Move(turn=(TURN, 0.0, 0.0)),
    "tilt down": Move(turn=(-TURN, 0.0, 0.0)),
    "zoom in": Move(shift=(0.0, 0.0, ZOOM)),
    "zoom out": Move(shift=(0.0, 0.0, -ZOOM)),
    "move left": Move(shift=(-SHIFT, 0.0, 0.0)),
    "move right": Move(shift=(SHIFT, 0.0, 0.0)),
    "move up": Move(shift=(0.0, -SHIFT, 0.0)),
    "move down": Move(shift=(0.0, SHIFT, 0.0)),
    "roll clockwise": Move(turn=(0.0, 0.0, TURN)),
    "roll anticlockwise": Move(turn=(0.0, 0.0, -TURN)),
    # going right around a point means turning left to keep looking at it
    "orbit left": Move(orbit=(0.0, TURN, 0.0)),
    "orbit right": Move(orbit=(0.0, -TURN, 0.0)),
}
"""What the camera itself does; the picture moves the other way."""
EASINGS: Mapping[str, Callable[[float], float]] = {name: way for name, way in INTERPOLATIONS.items() if way(1.0) == 1.0}
"""How far a piece of a path has come at a part of its time; those that arrive."""


def move_path(
    moves: Sequence[tuple[str, float]],
    frames: int,
    before: CameraPath | None = None,
    easing: str = "linear",
    orbit_distance: float = ORBIT_DISTANCE,
    focal_length: float = FOCAL_LENGTH,
) -> CameraPath:
    """A piece of a camera path.

    Args:
        moves: names from `MOVES` and their speeds, done at the same time; a speed below 0 goes the other way.
        frames: length of the piece. The first one starts at the origin; a later one starts a step behind ``before``.
        before: the path to go on from, whose lens stays.
        easing: a name from `EASINGS`.
        orbit_distance: how far ahead of the camera the point lies that orbits go around.
        focal_length: as a part of the width of a picture of 16:9.

    Raises:
        PathError: no frames, or a focal length of 0.
    """
    if frames < 1:
        raise PathError(f"frames is {frames}; a piece of a path needs at least one.")
    if focal_length <= 0.0:
        raise PathError(f"focal_length is {focal_length:g}; it must be above 0. Most training clips have 0.475.")
    turn, shift, orbit = (_total(moves, part) for part in ("turn", "shift", "orbit"))
    done = _steps(frames, before is not None, easing)[:, None] / SPAN
    ahead = torch.tensor((0.0, 0.0, orbit_distance), dtype=torch.float64)
    around = rotations(done * orbit)
    poses = pose(around @ rotations(done * turn), done * shift + ahead - around @ ahead)
    if before is None:
        lens = (focal_length, focal_length * ASPECT, 0.5, 0.5)
        return CameraPath(poses, torch.tensor([lens] * frames, dtype=torch.float64), ASPECT)
    lenses = before.lenses[-1:].expand(frames, -1)
    joined = (before.poses, before.poses[-1] @ poses), (before.lenses, lenses)
    return CameraPath(torch.cat(joined[0]), torch.cat(joined[1]), before.aspect)


def _total(moves: Sequence[tuple[str, float]], part: str) -> Tensor:
    vectors = [[speed * along for along in getattr(MOVES[name], part)] for name, speed in moves]
    return torch.tensor([STILL, *vectors], dtype=torch.float64).sum(0)


def _steps(frames: int, goes_on: bool, easing: str) -> Tensor:
    """How many frames' worth of way each frame has behind it."""
    span = max(frames - (not goes_on), 1)
    numbers = range(goes_on, frames + goes_on)
    return torch.tensor([span * EASINGS[easing](number / span) for number in numbers], dtype=torch.float64)
