"""What nodes of several subjects ask for alike: wire ``types``, ``percents`` of the sampling, ``strengths``."""

from .percents import check_range, percent_problem, range_inputs, range_problem
from .strengths import as_mask, as_value, check_strength, strength_input, strength_problem
from .types import CameraPathType, MotionLoraType, MotionModelType, MotionValueType, NoiseLayersType, PoseType

__all__ = [
    "CameraPathType",
    "MotionLoraType",
    "MotionModelType",
    "MotionValueType",
    "NoiseLayersType",
    "PoseType",
    "as_mask",
    "as_value",
    "check_range",
    "check_strength",
    "percent_problem",
    "range_inputs",
    "range_problem",
    "strength_input",
    "strength_problem",
]
