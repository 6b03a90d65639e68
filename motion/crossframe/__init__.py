"""Image models whose frames read one another: attention between frames, and Tune-A-Video (arXiv 2212.11565).

``sparse`` is the attention that reads other frames, ``layers`` the temporal self-attention behind a transformer block.
``model`` is all that is trained, at the ``places`` of a UNet; ``files`` reads it, ``errors`` has what goes
wrong. ``inversion`` finds the noise that a given clip comes from.
"""

from .errors import OneShotError
from .files import OneShotFile, read_one_shot
from .inversion import ddim_inversion, relative_error
from .layers import TemporalAttn, TemporalLayers
from .model import QUERIES, OneShotModel, base_queries
from .places import Place, place_of_layer
from .sparse import sparse_causal

__all__ = [
    "QUERIES",
    "OneShotError",
    "OneShotFile",
    "OneShotModel",
    "Place",
    "TemporalAttn",
    "TemporalLayers",
    "base_queries",
    "ddim_inversion",
    "place_of_layer",
    "read_one_shot",
    "relative_error",
    "sparse_causal",
]
