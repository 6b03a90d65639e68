"""Numbers that may differ from frame to frame, from place to place and from step to step.

``strength`` is one such number inside a layer, ``curves`` reads numbers over the frames from text, ``keyframes`` says
which one acts at a step, ``motion_value`` multiplies them all, and ``reading`` turns the product into plain numbers.
``acts`` is one within a part of the sampling.
"""

from .acts import ALWAYS, Acts
from .curves import INTERPOLATIONS, LARGEST, LINEAR, CurveError, listed, parse_curve
from .keyframes import active_keyframes
from .motion_value import NOTHING, ONE, Keyframe, Keyframes, Mask, MotionValue
from .reading import read_frames
from .strength import Strength, at, in_picture, of_clip, of_frames

__all__ = [
    "ALWAYS",
    "INTERPOLATIONS",
    "LARGEST",
    "LINEAR",
    "NOTHING",
    "ONE",
    "Acts",
    "CurveError",
    "Keyframe",
    "Keyframes",
    "Mask",
    "MotionValue",
    "Strength",
    "active_keyframes",
    "at",
    "in_picture",
    "listed",
    "of_clip",
    "of_frames",
    "parse_curve",
    "read_frames",
]
