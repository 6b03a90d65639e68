"""Calm the jitter of a pose detector: short gaps filled, each joint of each person smoothed over time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .people import THRESHOLD, Joints, PoseError, PoseFrame, canvas
from .tracks import GATE, Track, frames_of, track_people

LEAST_WEIGHT = 0.05
"""Of a known joint: with weights near zero a polynomial is not determined."""


@dataclass(frozen=True)
class SavitzkyGolay:
    """Savitzky and Golay 1964: a polynomial through the frames around each one, least squares, weighted by confidence.

    Motion that is such a polynomial stays as it is, so nothing lags behind.
    """

    radius: int = 4
    """Frames to each side, at least 1."""
    degree: int = 2
    """0 to 5, and at most twice the radius."""

    def __post_init__(self) -> None:
        if not (1 <= self.radius <= 240 and 0 <= self.degree <= min(5, 2 * self.radius)):
            raise PoseError(
                f"A polynomial of degree {self.degree} cannot smooth {2 * self.radius + 1} frames. Give a radius of "
                "1 to 240 frames and a degree of 0 to 5, at most twice the radius."
            )

    def smoothed(self, points: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Smooth points (frames, joints, 2) by weights (frames, joints), 0 for unknown points.

        A point stays where its window has no more known frames than the polynomial has terms, which it would only
        pass through.
        """
        terms = self.degree + 1
        moments = np.zeros((*weights.shape, 2 * self.degree + 1))
        sums = np.zeros((*points.shape, terms))
        count = np.zeros(weights.shape, np.int64)
        frame = np.arange(len(points))
        for offset in range(-self.radius, self.radius + 1):
            powers = (offset / self.radius) ** np.arange(2 * self.degree + 1)
            at = np.clip(frame + offset, 0, len(points) - 1)
            weight = weights[at] * (frame + offset == at)[:, None]
            # around the middle point the numbers stay small and a constant is exact
            apart = points[at] - points
            moments += weight[..., None] * powers
            sums += (weight[..., None] * apart)[..., None] * powers[:terms]
            count += weight > 0
        enough = (count > terms) & (weights > 0)
        left = sliding_window_view(moments[enough], terms, axis=-1)
        result = points.copy()
        result[enough] += np.linalg.solve(left, sums[enough].swapaxes(-1, -2))[:, 0]
        return result


@dataclass(frozen=True)
class OneEuro:
    """Casiez, Roussel and Vogel 2012: a low-pass filter that opens with speed; calm poses are still, fast ones exact.

    It runs forwards and backwards and the mean is taken: a finished clip need not lag behind as live input must.
    """

    fps: float = 24.0
    cutoff: float = 1.0
    """Hz, of a joint at rest; lower is calmer."""
    beta: float = 20.0
    """Hz by which the cutoff rises at a speed of one canvas side a second; higher follows fast motion closer."""
    speed_cutoff: float = 1.0
    """Hz, for the speed itself."""

    def __post_init__(self) -> None:
        values = (self.fps, self.cutoff, self.beta, self.speed_cutoff)
        if not all(map(math.isfinite, values)) or min(self.fps, self.cutoff, self.speed_cutoff) <= 0 or self.beta < 0:
            raise PoseError(
                f"The one-euro filter cannot run at {self.fps} fps with cutoff {self.cutoff}, beta {self.beta} and "
                f"speed cutoff {self.speed_cutoff}. All must be above 0; beta may be 0."
            )

    def smoothed(self, points: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Smooth points (frames, joints, 2), in canvas sides; it starts anew after weights (frames, joints) of 0."""
        return (self._one_way(points, weights) + self._one_way(points[::-1], weights[::-1])[::-1]) / 2

    def _one_way(self, points: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        result = points.copy()
        speed = np.zeros_like(points[0])
        share = self._share(np.array(self.speed_cutoff))
        for frame in range(1, len(points)):
            runs = ((weights[frame] > 0) & (weights[frame - 1] > 0))[:, None]
            # between raw points, as in the authors' own version
            now = (points[frame] - points[frame - 1]) * self.fps
            speed = np.where(runs, speed + share * (now - speed), 0)
            opened = self._share(self.cutoff + self.beta * np.linalg.norm(speed, axis=-1, keepdims=True))
            step = result[frame - 1] + opened * (points[frame] - result[frame - 1])
            result[frame] = np.where(runs, step, points[frame])
        return result

    def _share(self, cutoff: NDArray[np.float64]) -> NDArray[np.float64]:
        rate = 2 * np.pi * cutoff / self.fps
        return np.asarray(rate / (rate + 1))


def smooth_poses(
    frames: Sequence[PoseFrame],
    smoother: SavitzkyGolay | OneEuro,
    longest_gap: int = 8,
    threshold: float = THRESHOLD,
    gate: float = GATE,
) -> list[PoseFrame]:
    """Follow each person, fill their short gaps, and smooth the joints that are known.

    Args:
        longest_gap: most frames in a row for which a joint, or the whole person, is filled in.
        threshold: least confidence of a known joint, in 0..1; others are filled, or stay as they were.
        gate: see `track_people`.

    Returns:
        As many frames; the people in the order in which they first came.

    Raises:
        PoseError: no frames, several canvas sizes, or a setting out of range.
    """
    if not 0 <= threshold <= 1 or longest_gap < 0:
        raise PoseError(f"Threshold {threshold} must lie in 0..1 and the longest gap {longest_gap} be 0 or more.")
    width, height = canvas(frames)
    tracks = [
        Track(
            track.start, _smoothed(fill_gaps(track.joints, longest_gap, threshold), smoother, threshold, width, height)
        )
        for track in track_people(frames, gate, longest_gap)
    ]
    return frames_of(tracks, len(frames), width, height)


def fill_gaps(joints: Joints, longest: int, threshold: float = THRESHOLD) -> Joints:
    """Put joints that are unknown for a while on the straight line between where they were and where they come back.

    Args:
        joints: (frames, 136, 3).
        longest: most frames of a gap; longer ones stay, as do those at the ends.
        threshold: see `smooth_poses`.
    """
    known = _known(joints, threshold)
    frame = np.arange(len(joints))[:, None]
    before = np.maximum.accumulate(np.where(known, frame, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, frame, len(joints))[::-1], axis=0)[::-1]
    gap = ~known & (before >= 0) & (after < len(joints)) & (after - before - 1 <= longest)
    at, joint = np.nonzero(gap)
    low, high = before[gap], after[gap]
    share = ((at - low) / (high - low)).astype(np.float32)[:, None]
    result = joints.copy()
    result[gap] = joints[low, joint] * (1 - share) + joints[high, joint] * share
    return result


def _smoothed(joints: Joints, smoother: SavitzkyGolay | OneEuro, threshold: float, width: int, height: int) -> Joints:
    known = _known(joints, threshold)
    side = max(width, height)
    weights = np.where(known, np.maximum(joints[..., 2], LEAST_WEIGHT), 0).astype(np.float64)
    points = smoother.smoothed(joints[..., :2].astype(np.float64) / side, weights)
    result = joints.copy()
    result[..., :2] = np.where(known[..., None], points * side, joints[..., :2])
    return result


def _known(joints: Joints, threshold: float) -> NDArray[np.bool_]:
    return (joints[..., 2] >= threshold) & (joints[..., 2] > 0)
