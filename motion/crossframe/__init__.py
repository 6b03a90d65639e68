"""Image models whose frames read one another: attention between frames, Tune-A-Video and Text2Video-Zero.

``sparse`` is the attention of Tune-A-Video (arXiv 2212.11565) that reads other frames, ``layers`` its temporal
self-attention behind a transformer block. ``model`` is all that is trained, at the ``places`` of a UNet; ``files``
reads it, ``errors`` has what goes wrong. ``inversion`` finds the noise that a given clip comes from. Of Text2Video-Zero
(arXiv 2303.13439), ``rows`` are the frames that frames read, and ``moving`` puts motion into latents at the steps of
``way``.
"""

from .errors import CrossFrameError, OneShotError
from .files import OneShotFile, read_one_shot
from .inversion import ddim_inversion, relative_error
from .layers import TemporalAttn, TemporalLayers
from .model import QUERIES, OneShotModel, base_queries
from .moving import CameraMotion, moved, noised, smoothed
from .places import Place, place_of_layer
from .rows import FIRST_NUMBER, first_rows, previous_rows
from .sparse import sparse_causal
from .way import MotionSteps, motion_steps

__all__ = [
    "FIRST_NUMBER",
    "QUERIES",
    "CameraMotion",
    "CrossFrameError",
    "MotionSteps",
    "OneShotError",
    "OneShotFile",
    "OneShotModel",
    "Place",
    "TemporalAttn",
    "TemporalLayers",
    "base_queries",
    "ddim_inversion",
    "first_rows",
    "motion_steps",
    "moved",
    "noised",
    "place_of_layer",
    "previous_rows",
    "read_one_shot",
    "relative_error",
    "smoothed",
    "sparse_causal",
]
