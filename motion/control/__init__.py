"""ControlNets over a clip.

``sparse`` names the files of SparseCtrl, ``placement`` the frames of its pictures, and ``profiles`` weighs the outputs
of a ControlNet.
"""

from .placement import INDEXES, PLACEMENTS, Placement, PlacementError, parse_indexes, pictures_of
from .profiles import SOFT, ProfileError, custom_weights, parse_weights, soft_weights
from .sparse import RGB, SparseError, SparseFile, check_layers, recognise_sparse

__all__ = [
    "INDEXES",
    "PLACEMENTS",
    "RGB",
    "SOFT",
    "Placement",
    "PlacementError",
    "ProfileError",
    "SparseError",
    "SparseFile",
    "check_layers",
    "custom_weights",
    "parse_indexes",
    "parse_weights",
    "pictures_of",
    "recognise_sparse",
    "soft_weights",
]
