"""Motion modules and what changes them.

``load`` one, put it on a model with ``animate``, add a ``lora`` or the domain ``adapter``, adjust its ``positions``,
read its ``info``.
"""

from comfy_api.latest import io

from .adapter import ApplyDomainAdapter
from .animate import AnimateModel
from .info import MotionModelInfo
from .load import LoadMotionModule
from .lora import LoadMotionLora
from .positions import AdjustPositions

NODES: list[type[io.ComfyNode]] = [
    LoadMotionModule,
    LoadMotionLora,
    ApplyDomainAdapter,
    AdjustPositions,
    AnimateModel,
    MotionModelInfo,
]
