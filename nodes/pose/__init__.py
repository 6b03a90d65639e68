"""Poses: ``load``, ``smooth``, ``retime``, ``retarget``, ``draw``."""

from comfy_api.latest import io

from .draw import DrawPose
from .load import LoadPose
from .retarget import RetargetPose
from .retime import RetimePose
from .smooth import SmoothPose

NODES: list[type[io.ComfyNode]] = [LoadPose, SmoothPose, RetimePose, RetargetPose, DrawPose]
