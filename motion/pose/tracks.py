"""Who is who from frame to frame: detectors list the people of each frame in any order."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .people import BODY, COUNT, THRESHOLD, Joints, Person, PoseError, PoseFrame, canvas

GATE = 0.1
"""How far someone may move between two frames, mean over the joints, as a part of the canvas's diagonal."""
PATIENCE = 8
"""Frames for which someone may be missing and still be the same."""


@dataclass(frozen=True, eq=False)
class Track:
    """One person over time."""

    start: int
    """The first frame they are in."""
    joints: Joints
    """(frames, 136, 3) from there to the last frame they are in; confidence 0 throughout frames without them."""


@dataclass
class _Open:
    last: int
    known: Joints
    """Each joint where it was last known, so that one hidden for a frame still tells who it is."""
    frames: list[int]
    people: list[Joints]


def track_people(frames: Sequence[PoseFrame], gate: float = GATE, patience: int = PATIENCE) -> list[Track]:
    """Follow people by where their joints are: the nearest pairs first, none further apart than the gate.

    Args:
        gate: see `GATE`. Someone missing for n frames may have moved n + 1 times as far, up to three times.
        patience: see `PATIENCE`.

    Returns:
        In the order of their first frames, and of the people in it.

    Raises:
        PoseError: no frames, several canvas sizes, or a setting below zero.
    """
    if not gate >= 0 or patience < 0:
        raise PoseError(f"People cannot be followed with gate {gate} and patience {patience}. Give 0 or more.")
    diagonal = math.hypot(*canvas(frames))
    tracks: list[_Open] = []
    active: list[_Open] = []
    for number, frame in enumerate(frames):
        active = [track for track in active if number - track.last <= patience + 1]
        reach = np.array([min(number - track.last, 3) * gate * diagonal for track in active])
        paired = _pairs(active, frame.people, reach)
        for index, person in enumerate(frame.people):
            track = paired.get(index)
            if track is None:
                track = _Open(number, person.joints, [], [])
                active.append(track)
                tracks.append(track)
            track.last = number
            sure = (person.joints[:, 2] >= THRESHOLD) | (track.known[:, 2] < THRESHOLD)
            track.known = np.where(sure[:, None], person.joints, track.known)
            track.frames.append(number)
            track.people.append(person.joints)
    return [_closed(track) for track in tracks]


def frames_of(tracks: Iterable[Track], count: int, width: int, height: int) -> list[PoseFrame]:
    """Put tracks back into frames, without the people of whom no joint is known."""
    people: list[list[Person]] = [[] for _ in range(count)]
    for track in tracks:
        for offset in np.flatnonzero(track.joints[..., 2].any(axis=1)).tolist():
            people[track.start + offset].append(Person(track.joints[offset]))
    return [PoseFrame(tuple(frame), width, height) for frame in people]


def _pairs(active: Sequence[_Open], people: Sequence[Person], reach: NDArray[np.float64]) -> dict[int, _Open]:
    if not active or not people:
        return {}
    before = np.stack([track.known for track in active])[:, None]
    now = np.stack([person.joints for person in people])[None]
    distance = _distance(before[:, :, BODY], now[:, :, BODY], THRESHOLD)
    # someone of whom only a face or a hand is known, or nothing with confidence
    distance = np.where(np.isinf(distance), _distance(before, now, 0.0), distance)
    paired: dict[int, _Open] = {}
    taken: set[int] = set()
    for flat in np.argsort(distance, axis=None, kind="stable").tolist():
        old, new = divmod(flat, len(people))
        if old not in taken and new not in paired and distance[old, new] <= reach[old]:
            taken.add(old)
            paired[new] = active[old]
    return paired


def _distance(before: Joints, now: Joints, above: float) -> NDArray[np.float64]:
    """Mean distance of the joints that both know, infinite where they share none: (tracks, people)."""
    sure = np.minimum(before[..., 2], now[..., 2])
    shared = (sure > 0) & (sure >= above)
    apart = np.linalg.norm(before[..., :2] - now[..., :2], axis=-1)
    count = shared.sum(-1)
    return np.where(count > 0, (apart * shared).sum(-1, dtype=np.float64) / np.maximum(count, 1), np.inf)


def _closed(track: _Open) -> Track:
    start = track.frames[0]
    joints = np.zeros((track.last - start + 1, COUNT, 3), np.float32)
    joints[np.array(track.frames) - start] = np.stack(track.people)
    return Track(start, joints)
