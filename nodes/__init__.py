"""ComfyUI nodes: declarations and short ``execute`` methods; the work is in ``motion`` and ``nodes/host``."""

from comfy_api.latest import ComfyExtension, io

from .adapter import ApplyDomainAdapter
from .animate import AnimateModel
from .info import MotionModelInfo
from .load import LoadMotionModule
from .lora import LoadMotionLora
from .video import CombineVideo

NODES: list[type[io.ComfyNode]] = [
    LoadMotionModule,
    LoadMotionLora,
    ApplyDomainAdapter,
    AnimateModel,
    CombineVideo,
    MotionModelInfo,
]


class KinemaExtension(ComfyExtension):
    """What the host asks for the pack's nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Every node, in menu order."""
        return NODES
