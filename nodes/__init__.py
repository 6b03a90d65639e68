"""ComfyUI nodes: declarations and short ``execute`` methods; the work is in ``motion`` and ``nodes/host``."""

from comfy_api.latest import ComfyExtension, io

from .adapter import ApplyDomainAdapter
from .animate import AnimateModel
from .context import ContextPreview, MotionViews, SlidingContext
from .control import ControlOverTime
from .frames import DecodeAndSaveVideo, EncodeFrames
from .freeinit import FreeInit
from .info import MotionModelInfo
from .keyframe import MotionKeyframe
from .load import LoadMotionModule
from .lora import LoadMotionLora
from .noise import MakeClipNoise, MakeNoiseLayer
from .positions import AdjustPositions
from .reference import MakeContextReference, MakeNaiveReuse
from .travel import PromptTravel
from .values import MakeMotionValue, ReadMotionValue
from .video import CombineVideo

NODES: list[type[io.ComfyNode]] = [
    LoadMotionModule,
    LoadMotionLora,
    ApplyDomainAdapter,
    AdjustPositions,
    AnimateModel,
    SlidingContext,
    MotionViews,
    MakeContextReference,
    MakeNaiveReuse,
    ContextPreview,
    PromptTravel,
    ControlOverTime,
    MakeMotionValue,
    MotionKeyframe,
    ReadMotionValue,
    EncodeFrames,
    MakeClipNoise,
    MakeNoiseLayer,
    FreeInit,
    CombineVideo,
    DecodeAndSaveVideo,
    MotionModelInfo,
]


class KinemaExtension(ComfyExtension):
    """What the host asks for the pack's nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Every node, in menu order."""
        return NODES
