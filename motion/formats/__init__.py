"""What a weight file is, by its contents.

``weights`` reads its tensors without trusting it: ``containers`` says how they are packed, ``pickles`` what a PyTorch
file would build, ``errors`` has what all of them raise. ``sites`` are the places of temporal layers in a UNet,
``layouts`` reads how the file spells them and ``picture_layers`` those that read a picture, ``structure`` is what they
describe, ``modules`` names motion modules and ``kinds`` everything else: ``file_kind`` is one entry, and
``character_kinds`` are those of Animate Anyone and its kin. ``unet_names`` has the two names that a layer of an image
UNet goes by, and says which layers a file lacks.
"""

from .character_kinds import APPEARANCE_ENCODER, FACE_DENOISER, FACE_MASK, REFERENCE_UNET
from .errors import WeightFileError
from .file_kind import MOTION_MODULE, FileKind, key_lines, shown, wrapper
from .kinds import CAMERA, IMAGE_LORAS, IMAGE_UNET, LDM_UNET, MODULE, MOTION_LORA, ONE_SHOT, SPARSE, kind_of
from .layouts import POSITIONS, SHARED_TABLE, TEMPORAL, Shapes, spelling
from .modules import LINEAR, SD15, SQRT_LINEAR, Format, Recognised, Rows, kind_and_place, recognise
from .picture_layers import ADDED, ENCODER_BLOCKS, LATENT, LCM_PICTURE, PIA, PICTURE_NODES
from .sites import NUMBER, Block, Site
from .structure import read_structure
from .unet_names import layer_problem, unet_name
from .weights import check_finite, check_weight, is_bookkeeping, is_copy, read_weights, shapes_of

__all__ = [
    "ADDED",
    "APPEARANCE_ENCODER",
    "CAMERA",
    "ENCODER_BLOCKS",
    "FACE_DENOISER",
    "FACE_MASK",
    "IMAGE_LORAS",
    "IMAGE_UNET",
    "LATENT",
    "LCM_PICTURE",
    "LDM_UNET",
    "LINEAR",
    "MODULE",
    "MOTION_LORA",
    "MOTION_MODULE",
    "NUMBER",
    "ONE_SHOT",
    "PIA",
    "PICTURE_NODES",
    "POSITIONS",
    "REFERENCE_UNET",
    "SD15",
    "SHARED_TABLE",
    "SPARSE",
    "SQRT_LINEAR",
    "TEMPORAL",
    "Block",
    "FileKind",
    "Format",
    "Recognised",
    "Rows",
    "Shapes",
    "Site",
    "WeightFileError",
    "check_finite",
    "check_weight",
    "is_bookkeeping",
    "is_copy",
    "key_lines",
    "kind_and_place",
    "kind_of",
    "layer_problem",
    "read_structure",
    "read_weights",
    "recognise",
    "shapes_of",
    "shown",
    "spelling",
    "unet_name",
    "wrapper",
]
