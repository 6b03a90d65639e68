"""What a weight file is, by its contents.

``weights`` reads its tensors without trusting it, ``sites`` are the places of temporal layers in a UNet, ``layouts``
reads how the file spells them and ``picture_layers`` those that read a picture, ``structure`` is what they describe,
``modules`` names motion modules and ``kinds`` everything else.
"""

from .kinds import CAMERA
from .layouts import SHARED_TABLE, Shapes, spelling
from .modules import SD15, SQRT_LINEAR, Format, Recognised, Rows, kind_and_place, recognise
from .picture_layers import ADDED, ENCODER_BLOCKS, LATENT, LCM_PICTURE, PIA, PICTURE_NODES
from .sites import Block, Site
from .structure import read_structure
from .weights import check_finite, read_weights

__all__ = [
    "ADDED",
    "CAMERA",
    "ENCODER_BLOCKS",
    "LATENT",
    "LCM_PICTURE",
    "PIA",
    "PICTURE_NODES",
    "SD15",
    "SHARED_TABLE",
    "SQRT_LINEAR",
    "Block",
    "Format",
    "Recognised",
    "Rows",
    "Shapes",
    "Site",
    "check_finite",
    "kind_and_place",
    "read_structure",
    "read_weights",
    "recognise",
    "spelling",
]
