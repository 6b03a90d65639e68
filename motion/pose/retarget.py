"""Give a motion to another body: limb lengths and place of a target, angles of the motion (Hu et al. 2023).

Animate Anyone draws the character of a picture; a driver of other proportions would pull it out of shape.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .people import (
    BODY,
    FACE,
    FEET,
    LEFT_ANKLE,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_ANKLE,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    THRESHOLD,
    Joints,
    PoseError,
    PoseFrame,
    canvas,
)
from .tracks import GATE, Track, frames_of, track_people

LIMBS = (
    (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""(from, to) of the body's joints, from the neck outwards."""
MIRROR = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)
"""The same joint on the other side."""
EXTREME = 4.0
"""A limb's scale lies within this factor of the whole body's: one that points at the camera measures near nothing."""
_HEAD = (14, 15, 16, 17)


def retarget_poses(
    frames: Sequence[PoseFrame], target: PoseFrame, measured: int = 0, gate: float = GATE
) -> list[PoseFrame]:
    """Move people with the limbs and from the place of a target, in its canvas.

    As many people are kept as the target has, those seen longest, and paired with it from left to right. A limb's
    scale is measured once and kept over the clip, so foreshortening stays; where either side does not know a limb, its
    mirrored twin's is taken, or the whole body's, which is that of the torso.

    Args:
        measured: the frame whose limbs and place are compared with the target; someone not in it is measured where
            they first come after it, or last were before.
        gate: see `track_people`.

    Raises:
        PoseError: no frames, a frame that does not exist, or bodies of which too little is known to compare.
    """
    canvas(frames)
    if not 0 <= measured < len(frames):
        raise PoseError(f"There is no frame {measured} to measure: the poses have frames 0 to {len(frames) - 1}.")
    targets = [person.joints for person in target.people if person.body is not None]
    if not targets:
        raise PoseError("The pose of the picture shows no body. Give a picture in which that of a person is detected.")
    tracks = [track for track in track_people(frames, gate) if (track.joints[:, BODY, 2] >= THRESHOLD).any()]
    if not tracks:
        raise PoseError("The poses show no body to move. Give poses with body joints, not only hands or faces.")
    longest = sorted(tracks, key=lambda track: -int((track.joints[..., 2] > 0).any(-1).sum()))[: len(targets)]
    samples = {id(track): _sample(track, measured) for track in longest}
    longest.sort(key=lambda track: _middle(samples[id(track)]))
    targets = sorted(targets[: len(longest)], key=_middle)
    moved = [
        Track(track.start, _moved(track.joints, samples[id(track)], body))
        for track, body in zip(longest, targets, strict=True)
    ]
    return frames_of(moved, len(frames), target.width, target.height)


def limb_scales(sample: Joints, target: Joints) -> tuple[float, NDArray[np.float64]]:
    """How much larger a target's body is than a sample's: as a whole, and the limb that ends in each of 18 joints.

    Args:
        sample: (136, 3).
        target: (136, 3).

    Raises:
        PoseError: they share neither a torso nor one limb.
    """
    scales = np.full(BODY.stop, np.nan)
    for start, end in LIMBS:
        scales[end] = _ratio(_length(sample, start, end), _length(target, start, end))
    whole = _ratio(_torso(sample), _torso(target))
    if np.isnan(whole):
        if np.isnan(scales).all():
            raise PoseError(
                "The poses and that of the picture have no limb in common, so their sizes cannot be compared. Measure "
                "a frame, or give a picture, that shows more of the body."
            )
        whole = float(np.nanmedian(scales))
    scales = np.where(np.isnan(scales), scales[list(MIRROR)], scales)
    return whole, np.clip(np.where(np.isnan(scales), whole, scales), whole / EXTREME, whole * EXTREME)


def _moved(joints: Joints, sample: Joints, target: Joints) -> Joints:
    whole, scales = limb_scales(sample, target)
    old = joints[..., :2].astype(np.float64)
    new = np.zeros_like(old)
    seen = _sure(joints)
    # of each joint the nearest known one on the way to the neck, in the old and the new place
    anchors = np.zeros((2, len(joints), BODY.stop, 2))
    neck = _roots(joints)
    here, there = _roots(sample[None])[0], _roots(target[None])[0]
    anchors[:, :, NECK] = neck, there + whole * (neck - here)
    new[:, NECK] = anchors[1, :, NECK] + whole * (old[:, NECK] - neck)
    for start, end in LIMBS:
        scale = np.where(seen[:, start], scales[end], whole)[:, None]
        new[:, end] = anchors[1, :, start] + scale * (old[:, end] - anchors[0, :, start])
        anchors[:, :, end] = np.where(seen[:, end, None], (old[:, end], new[:, end]), anchors[:, :, start])
    head = float(np.mean(scales[list(_HEAD)]))
    for part, root, scale in (
        (slice(FEET.start, FEET.start + 3), LEFT_ANKLE, whole),
        (slice(FEET.start + 3, FEET.stop), RIGHT_ANKLE, whole),
        (FACE, NOSE, head),
        (RIGHT_HAND, RIGHT_WRIST, whole),
        (LEFT_HAND, LEFT_WRIST, whole),
    ):
        new[:, part] = anchors[1, :, root, None] + scale * (old[:, part] - anchors[0, :, root, None])
    result = joints.copy()
    result[..., :2] = np.where(joints[..., 2:] > 0, new, old)
    return result


def _roots(joints: Joints) -> NDArray[np.float64]:
    """The neck of each frame (frames, 136, 3); else the middle of the shoulders, else of all that is known."""
    points, seen = joints[..., :2].astype(np.float64), _sure(joints)
    neck, shoulders = seen[:, [NECK]], [RIGHT_SHOULDER, LEFT_SHOULDER]
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    everything = (points * seen[..., None]).sum(1) / count
    middle = np.where(seen[:, shoulders].all(1, keepdims=True), points[:, shoulders].mean(1), everything)
    return np.where(neck, points[:, NECK], middle)


def _sure(joints: Joints) -> NDArray[np.bool_]:
    """Which joints (frames, 136, 3) count: the confident ones, or all that are known where none is."""
    sure = joints[..., 2] >= THRESHOLD
    return np.where(sure.any(-1, keepdims=True), sure, joints[..., 2] > 0)


def _sample(track: Track, measured: int) -> Joints:
    """The person in the frame to measure, or in the next one that shows their body, or in the last before."""
    shown = np.flatnonzero((track.joints[:, BODY, 2] >= THRESHOLD).any(1)) + track.start
    after = shown[shown >= measured]
    return track.joints[int(after[0] if len(after) else shown[-1]) - track.start]


def _middle(joints: Joints) -> float:
    return float(_roots(joints[None])[0, 0])


def _length(joints: Joints, start: int, end: int) -> float:
    if min(joints[start, 2], joints[end, 2]) < THRESHOLD:
        return 0.0
    return float(np.linalg.norm(joints[end, :2].astype(np.float64) - joints[start, :2]))


def _torso(joints: Joints) -> float:
    if joints[[NECK, RIGHT_HIP, LEFT_HIP], 2].min() < THRESHOLD:
        return 0.0
    hips = joints[[RIGHT_HIP, LEFT_HIP], :2].astype(np.float64).mean(0)
    return float(np.linalg.norm(hips - joints[NECK, :2]))


def _ratio(length: float, wanted: float) -> float:
    return wanted / length if min(length, wanted) > 0 else np.nan
