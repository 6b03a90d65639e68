"""Learning from clips what AnimateDiff consists of: a domain ``adapter``, a motion ``module``, a MotionLoRA (``lora``).

``one_shot`` tunes an image model on one clip, ``animate_anyone`` learns the parts of such a release. ``common`` is what
they ask for alike, ``settings`` a node for the rest.
"""

from comfy_api.latest import io

from .adapter import TrainDomainAdapter
from .animate_anyone import TrainAnimateAnyone
from .lora import TrainMotionLora
from .module import TrainMotionModule
from .one_shot import TrainTuneAVideo
from .settings import TrainingSettings

NODES: list[type[io.ComfyNode]] = [
    TrainDomainAdapter,
    TrainMotionModule,
    TrainMotionLora,
    TrainAnimateAnyone,
    TrainTuneAVideo,
    TrainingSettings,
]
