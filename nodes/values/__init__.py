"""Strengths that change: ``values`` over frames and pictures, ``keyframe`` over the sampling."""

from comfy_api.latest import io

from .keyframe import MotionKeyframe
from .values import MakeMotionValue, ReadMotionValue

NODES: list[type[io.ComfyNode]] = [MakeMotionValue, MotionKeyframe, ReadMotionValue]
