"""Learning from clips what AnimateDiff consists of: a domain ``adapter``, a motion ``module``, a MotionLoRA (``lora``).

``common`` is what they ask for alike, ``settings`` a node for the rest.
"""

from comfy_api.latest import io

from .adapter import TrainDomainAdapter
from .lora import TrainMotionLora
from .module import TrainMotionModule
from .settings import TrainingSettings

NODES: list[type[io.ComfyNode]] = [TrainDomainAdapter, TrainMotionModule, TrainMotionLora, TrainingSettings]
