"""Models tuned on one clip, ``one_shot``, and the noise of a clip, ``inversion``."""

from comfy_api.latest import io

from .inversion import DdimInvert
from .one_shot import ApplyTuneAVideo

NODES: list[type[io.ComfyNode]] = [ApplyTuneAVideo, DdimInvert]
