"""Strengths that change: ``values`` over frames and pictures, ``keyframe`` over the sampling, ``sound`` by a sound."""

from comfy_api.latest import io

from .keyframe import MotionKeyframe
from .sound import SoundToMotionValue
from .values import MakeMotionValue, ReadMotionValue

NODES: list[type[io.ComfyNode]] = [MakeMotionValue, MotionKeyframe, SoundToMotionValue, ReadMotionValue]
