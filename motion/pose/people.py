"""Poses of people, frame by frame: one layout of joints behind every file, written as OpenPose JSON.

The layout is OpenPose's 18 body joints (nose, neck, right shoulder, elbow, wrist, left shoulder, elbow, wrist, right
hip, knee, ankle, left hip, knee, ankle, right eye, left eye, right ear, left ear), then feet, face and hands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Joints = NDArray[np.float32]
"""(..., 136, 3): x and y in pixels of the canvas, confidence in 0..1, 0 where the joint is not known."""
PARTS: Mapping[str, slice] = MappingProxyType(
    {
        "pose_keypoints_2d": slice(0, 18),
        "foot_keypoints_2d": slice(18, 24),
        "face_keypoints_2d": slice(24, 94),
        "hand_right_keypoints_2d": slice(94, 115),
        "hand_left_keypoints_2d": slice(115, 136),
    }
)
"""Where the joints of each key of OpenPose JSON lie; ComfyUI's SDPose nodes write the same counts."""
BODY, FEET, FACE, RIGHT_HAND, LEFT_HAND = PARTS.values()
COUNT = 136
MAX_FRAMES = 100_000
"""In one sequence: an hour at 24 frames a second."""
THRESHOLD = 0.3
"""Least confidence of a joint that counts; ComfyUI's drawing node leaves the others out too."""
NOSE, NECK, RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_WRIST, LEFT_WRIST = 0, 1, 2, 5, 4, 7
RIGHT_HIP, RIGHT_ANKLE, LEFT_HIP, LEFT_ANKLE, RIGHT_EYE, LEFT_EYE = 8, 10, 11, 13, 14, 15


class PoseError(ValueError):
    """Poses cannot be used; the message names the frame and the key, and what to do."""


@dataclass(frozen=True, eq=False)
class Person:
    """One person in one frame. A part is None where none of its joints is known."""

    joints: Joints
    """(136, 3)."""

    @cached_property
    def body(self) -> Joints | None:
        """(18, 3)."""
        return self._part(BODY)

    @cached_property
    def feet(self) -> Joints | None:
        """(6, 3): big toe, small toe and heel, left before right."""
        return self._part(FEET)

    @cached_property
    def face(self) -> Joints | None:
        """(70, 3): 68 landmarks, right eye, left eye."""
        return self._part(FACE)

    @cached_property
    def right_hand(self) -> Joints | None:
        """(21, 3): the wrist, then four joints of each finger from the thumb on."""
        return self._part(RIGHT_HAND)

    @cached_property
    def left_hand(self) -> Joints | None:
        """(21, 3), like the right hand."""
        return self._part(LEFT_HAND)

    def _part(self, where: slice) -> Joints | None:
        part = self.joints[where]
        return part if (part[:, 2] > 0).any() else None


@dataclass(frozen=True, eq=False)
class PoseFrame:
    """The people of one frame, perhaps none, and the size of its picture in pixels."""

    people: tuple[Person, ...]
    width: int
    height: int


def canvas(frames: Sequence[PoseFrame]) -> tuple[int, int]:
    """The width and height that all frames share.

    Raises:
        PoseError: no frames, or frames of several sizes.
    """
    if not frames:
        raise PoseError("There are no poses: the sequence has no frames. Connect or choose a pose with at least one.")
    size = frames[0].width, frames[0].height
    for number, frame in enumerate(frames):
        if (frame.width, frame.height) != size:
            raise PoseError(
                f"Frame {number} has a canvas of {frame.width}x{frame.height} pixels, frame 0 has {size[0]}x{size[1]}. "
                "Poses of one clip need one size: detect them again on pictures of one size."
            )
    return size


def as_keypoints(frames: Sequence[PoseFrame]) -> list[dict[str, Any]]:
    """The frames as POSE_KEYPOINT.

    Every part is written, zeros where it is not known: ComfyUI's drawing node fails on a person without one.
    """
    return [
        {
            "canvas_width": frame.width,
            "canvas_height": frame.height,
            "people": [
                {key: person.joints[where].ravel().tolist() for key, where in PARTS.items()} for person in frame.people
            ],
        }
        for frame in frames
    ]
