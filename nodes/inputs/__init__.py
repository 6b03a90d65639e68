"""What nodes of several subjects ask for alike.

Wire ``types``, ``numbers`` of frames and pixels, ``percents`` of the sampling, ``strengths``, and ``acts``, which is a
strength within a part of the sampling; ``expected`` tells from a declaration what an input takes, and ``guard`` holds
every node's inputs to it.
"""

from .acts import as_acts
from .guard import Fault, InputError, guarded, settle, watch
from .numbers import (
    FILMED,
    FRAME_RATE,
    FRAMES,
    LEAST_FRAME_RATE,
    MOST_FRAME_RATE,
    MOST_FRAMES,
    frame_rate_input,
    frames_input,
    side_input,
)
from .percents import percent_problem, range_inputs, range_problem
from .strengths import as_mask, as_value, check_strength, strength_input, strength_problem
from .types import (
    AnimateAnyoneType,
    CameraPathType,
    ClipsType,
    MotionLoraType,
    MotionModelType,
    MotionValueType,
    NoiseLayersType,
    PiecesType,
    PoseGuideType,
    PoseType,
    ReferencePictureType,
    ResultType,
    TrainingClipsType,
    TrainingSettingsType,
)

__all__ = [
    "FILMED",
    "FRAMES",
    "FRAME_RATE",
    "LEAST_FRAME_RATE",
    "MOST_FRAMES",
    "MOST_FRAME_RATE",
    "AnimateAnyoneType",
    "CameraPathType",
    "ClipsType",
    "Fault",
    "InputError",
    "MotionLoraType",
    "MotionModelType",
    "MotionValueType",
    "NoiseLayersType",
    "PiecesType",
    "PoseGuideType",
    "PoseType",
    "ReferencePictureType",
    "ResultType",
    "TrainingClipsType",
    "TrainingSettingsType",
    "as_acts",
    "as_mask",
    "as_value",
    "check_strength",
    "frame_rate_input",
    "frames_input",
    "guarded",
    "percent_problem",
    "range_inputs",
    "range_problem",
    "settle",
    "side_input",
    "strength_input",
    "strength_problem",
    "watch",
]
