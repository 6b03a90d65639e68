"""Numbers that may differ from frame to frame, from place to place and from step to step.

``strength`` is one such number inside a layer. ``keyboards`` brings typed numbers to plain signs, ``expressions`` is
the arithmetic in them, ``curves`` reads numbers over the frames from text, ``keyframes`` says which one acts at a step,
``motion_value`` multiplies them all, and ``reading`` turns the product into plain numbers. ``acts`` is one within a
part of the sampling.
"""

from .acts import ALWAYS, Acts
from .curves import INTERPOLATIONS, LARGEST, LINEAR, CurveError, listed, parse_curve
from .expressions import Expression, ExpressionError, parse_expression
from .keyboards import COLONS, COMMAS, EQUALS, INVISIBLE, MINUSES, SEMICOLONS, SPACES, plain, read_number
from .keyframes import active_keyframes
from .motion_value import NOTHING, ONE, Keyframe, Keyframes, Mask, MotionValue
from .reading import read_frames
from .strength import Strength, at, in_picture, of_clip, of_frames

__all__ = [
    "ALWAYS",
    "COLONS",
    "COMMAS",
    "EQUALS",
    "INTERPOLATIONS",
    "INVISIBLE",
    "LARGEST",
    "LINEAR",
    "MINUSES",
    "NOTHING",
    "ONE",
    "SEMICOLONS",
    "SPACES",
    "Acts",
    "CurveError",
    "Expression",
    "ExpressionError",
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
    "parse_expression",
    "plain",
    "read_frames",
    "read_number",
]
