"""A walking figure, so that pose nodes can be tried without a pose of one's own."""

import numpy as np
from numpy.typing import NDArray

from .people import (
    BODY,
    COUNT,
    LEFT_HIP,
    LEFT_SHOULDER,
    MAX_FRAMES,
    NECK,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    Person,
    PoseError,
    PoseFrame,
)

FRAMES_PER_STRIDE = 10
"""About; a stride is two steps. A clip holds whole strides, so that it loops."""
TORSO, THIGH, SHIN, UPPER_ARM, FOREARM = 0.36, 0.32, 0.32, 0.22, 0.19
"""Lengths as parts of the height from ankle to neck, standing."""
SHOULDER, HIP, LEAN = 0.14, 0.07, 0.02
"""Half the widths of shoulders and hips, and how far the neck is before the hips, likewise."""
HEAD = {0: (0.0, 0.06, -0.16), 14: (-0.035, 0.045, -0.2), 15: (0.035, 0.045, -0.2), 16: (-0.08, -0.03, -0.18)}
"""Nose, eyes and right ear: leftwards, forwards and down from the neck, likewise. The left ear is turned away."""
TURN, STEP, KNEE, ARM, ELBOW = np.radians((55, 26, 60, 24, 25))
"""Turn from the viewer to the right of the picture, swing of the thigh, most bend of the knee, swing and bend of the
arm."""
SIZE, GROUND = 0.66, 0.93
"""Height from ankle to neck and place of the ground, as parts of the picture's height."""


def walking(frames: int, width: int = 512, height: int = 512) -> list[PoseFrame]:
    """A figure that walks on the spot, in a loop: a body of 18 joints without hands and face.

    A leg at phase p of the stride swings as sin p and bends its knee while it comes forwards; the arm on its side
    swings against it. The lower foot stands on the ground.

    Args:
        frames: length of the clip.
        width: of the canvas in pixels.
        height: likewise.

    Raises:
        PoseError: not 1 to 10,000 frames.
    """
    if not 1 <= frames <= MAX_FRAMES:
        raise PoseError(f"The walking figure cannot have {frames} frames. Give 1 to {MAX_FRAMES}.")
    strides = max(1, round(frames / FRAMES_PER_STRIDE))
    phase = np.arange(frames) * (2 * np.pi * strides / frames)
    # leftwards, forwards, down
    points = np.zeros((frames, BODY.stop, 3))
    points[:, NECK] = 0, LEAN, -TORSO
    for joint, offset in HEAD.items():
        points[:, joint] = points[:, NECK] + offset
    for side, shoulder, hip, leg in (
        (-1, RIGHT_SHOULDER, RIGHT_HIP, phase),
        (1, LEFT_SHOULDER, LEFT_HIP, phase + np.pi),
    ):
        points[:, shoulder] = points[:, NECK] + (side * SHOULDER, 0, 0)
        arm = -ARM * np.sin(leg)
        points[:, shoulder + 1] = points[:, shoulder] + _hanging(UPPER_ARM, arm)
        points[:, shoulder + 2] = points[:, shoulder + 1] + _hanging(FOREARM, arm + ELBOW)
        points[:, hip] = side * HIP, 0, 0
        thigh, bend = STEP * np.sin(leg), KNEE * ((1 + np.cos(leg)) / 2) ** 2
        points[:, hip + 1] = points[:, hip] + _hanging(THIGH, thigh)
        points[:, hip + 2] = points[:, hip + 1] + _hanging(SHIN, thigh - bend)
    points[..., 2] -= points[..., 2].max(1, keepdims=True)
    unit = SIZE * min(height, 1.3 * width)
    joints = np.zeros((frames, COUNT, 3), np.float32)
    joints[:, BODY, 0] = width / 2 + unit * (points[..., 0] * np.cos(TURN) + points[..., 1] * np.sin(TURN))
    joints[:, BODY, 1] = GROUND * height + unit * points[..., 2]
    joints[:, [*range(14), *HEAD], 2] = 1
    return [PoseFrame((Person(person),), width, height) for person in joints]


def _hanging(length: float, angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """From a joint to the next one of a limb that swings forwards by an angle: (frames, 3)."""
    return np.stack((np.zeros_like(angle), length * np.sin(angle), length * np.cos(angle)), -1)
