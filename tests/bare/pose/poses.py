"""Poses for tests: a body that stands, moves on straight lines or is drawn to other proportions."""

import numpy as np
from kinema.motion.pose import COUNT, PARTS, Person, PoseFrame
from kinema.motion.pose.people import Joints

STANDING = np.array(
    [
        (200, 60), (200, 100), (170, 100), (160, 150), (155, 195), (230, 102), (240, 150), (244, 196), (180, 200),
        (178, 270), (176, 340), (220, 200), (222, 270), (224, 340), (192, 52), (208, 52), (182, 58), (218, 58),
    ],
    np.float32,
)  # fmt: skip
"""x, y of 18 joints in a canvas of 400 x 400."""


def standing(seed: int = 0) -> Joints:
    """A whole person, (136, 3): the body above, the rest near the joints it hangs on, all with confidence 0.75 to 1."""
    random = np.random.default_rng(seed)
    joints = np.zeros((COUNT, 3), np.float32)
    joints[:18, :2] = STANDING
    for where, root in zip(list(PARTS.values())[1:], (10, 0, 4, 7), strict=True):
        count = where.stop - where.start
        joints[where, :2] = STANDING[root] + random.uniform(-15, 15, (count, 2)).astype(np.float32)
    joints[:, 2] = random.uniform(0.75, 1, COUNT)
    return joints


def moved(joints: Joints, x: float, y: float = 0.0, scale: float = 1.0) -> Joints:
    """Every joint scaled about the canvas's corner, then moved by pixels."""
    result = joints.copy()
    result[..., :2] = result[..., :2] * np.float32(scale) + np.array([x, y], np.float32)
    return result


def clip(*people: Joints, width: int = 400, height: int = 400) -> list[PoseFrame]:
    """Frames of people that are each (frames, 136, 3)."""
    return [PoseFrame(tuple(map(Person, frame)), width, height) for frame in zip(*people, strict=True)]


def joints_of(frames: list[PoseFrame], person: int = 0) -> Joints:
    """(frames, 136, 3) of the person at a place in each frame's list."""
    return np.stack([frame.people[person].joints for frame in frames])
