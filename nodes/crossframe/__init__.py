"""Models whose frames read one another, and the noise of their clips.

``one_shot`` is a model tuned on one clip, and ``inversion`` finds the noise of a clip. Of Text2Video-Zero, ``across``
lets frames read the first one, ``latent_motion`` makes noise that moves, ``background`` keeps what is behind the
subject still, and ``moves`` is what the last two ask for alike.
"""

from comfy_api.latest import io

from .across import CrossFrameAttention
from .background import SmoothBackground
from .inversion import DdimInvert
from .latent_motion import LatentMotion
from .one_shot import ApplyTuneAVideo

NODES: list[type[io.ComfyNode]] = [
    ApplyTuneAVideo,
    DdimInvert,
    CrossFrameAttention,
    LatentMotion,
    SmoothBackground,
]
