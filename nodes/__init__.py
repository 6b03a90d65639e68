"""ComfyUI nodes: declarations and short ``execute`` methods; the work is in ``motion`` and ``nodes/host``."""

from comfy_api.latest import ComfyExtension, io

from .animate import AnimateModel
from .freeinit import FreeInit
from .keyframe import MotionKeyframe
from .load import LoadMotionModule
from .lora import LoadMotionLora
from .noise import MakeClipNoise, MakeNoiseLayer
from .positions import AdjustPositions
from .values import MakeMotionValue, ReadMotionValue
from .video import CombineVideo

NODES: list[type[io.ComfyNode]] = [
    LoadMotionModule,
    LoadMotionLora,
    AdjustPositions,
    AnimateModel,
    MakeMotionValue,
    MotionKeyframe,
    ReadMotionValue,
    MakeClipNoise,
    MakeNoiseLayer,
    FreeInit,
    CombineVideo,
]


class KinemaExtension(ComfyExtension):
    """What the host asks for the pack's nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Every node, in menu order."""
        return NODES
