"""Poses at another frame rate or length: people are followed and their joints put in between."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .people import MAX_FRAMES, THRESHOLD, Joints, PoseError, PoseFrame, canvas
from .tracks import GATE, Track, frames_of, track_people


def retime_to_fps(frames: Sequence[PoseFrame], fps: float, wanted: float, gate: float = GATE) -> list[PoseFrame]:
    """The same motion at another frame rate; the clip lasts as long as before, to the nearest frame.

    Args:
        fps: frames a second of the poses.
        wanted: frames a second of the result.
        gate: see `track_people`.

    Raises:
        PoseError: see `retime`, or a rate that is not above 0.
    """
    if not (0 < fps < math.inf and 0 < wanted < math.inf):
        raise PoseError(f"Poses cannot go from {fps} to {wanted} frames a second. Give two rates above 0.")
    length = len(frames) * wanted / fps
    _check_length(length)
    return retime(frames, np.arange(max(1, round(length))) * (fps / wanted), gate)


def retime_to_length(frames: Sequence[PoseFrame], length: int, gate: float = GATE) -> list[PoseFrame]:
    """The same motion in another number of frames, from the first to the last; one frame is the first.

    Raises:
        PoseError: see `retime`, or a length that is not between 1 and 100,000.
    """
    _check_length(length)
    return retime(frames, np.arange(length) * ((len(frames) - 1) / max(length - 1, 1)), gate)


def pingpong(frames: Sequence[PoseFrame]) -> list[PoseFrame]:
    """Forwards and back again without the two ends twice, so that the clip can repeat: 0 1 2 3 2 1."""
    return [*frames, *frames[-2:0:-1]]


def retime(frames: Sequence[PoseFrame], positions: NDArray[np.floating[Any]], gate: float = GATE) -> list[PoseFrame]:
    """The poses at positions between frames, on straight lines.

    A joint that only one of the two frames around a position knows for sure is as in the nearer frame.

    Args:
        positions: in frames, from 0; the last frame holds after it.
        gate: see `track_people`.

    Raises:
        PoseError: no frames, or several canvas sizes.
    """
    width, height = canvas(frames)
    within = np.clip(positions, 0, len(frames) - 1)
    low = np.floor(within).astype(np.int64)
    share = (within - low).astype(np.float32)
    tracks = [_retimed(track, low, share) for track in track_people(frames, gate)]
    return frames_of(tracks, len(positions), width, height)


def _retimed(track: Track, low: NDArray[np.int64], share: NDArray[np.float32]) -> Track:
    # frames without the person at both ends, where low or the frame after it may point
    joints = np.pad(track.joints, ((1, 1), (0, 0), (0, 0)))
    near = low - track.start + 1
    inside = np.flatnonzero((near >= 0) & (near < len(joints) - 1))
    if not len(inside):
        return Track(0, track.joints[:0])
    first, last = int(inside[0]), int(inside[-1]) + 1
    # positions of a person need not be adjacent, those outside their time show nobody
    near = np.clip(near[first:last], 0, len(joints) - 1)
    return Track(first, _between(joints[near], joints[np.minimum(near + 1, len(joints) - 1)], share[first:last]))


def _between(before: Joints, after: Joints, share: NDArray[np.float32]) -> Joints:
    share = share[:, None, None]
    both = (before[..., 2:] > 0) & (after[..., 2:] > 0)
    # a guessed place would pull a known joint towards it
    both &= (before[..., 2:] >= THRESHOLD) == (after[..., 2:] >= THRESHOLD)
    return np.where(both, before * (1 - share) + after * share, np.where(share <= 0.5, before, after))


def _check_length(length: float) -> None:
    if not 0 < length <= MAX_FRAMES:
        raise PoseError(f"Poses cannot have {length:g} frames. Give a length from 1 to {MAX_FRAMES}.")
