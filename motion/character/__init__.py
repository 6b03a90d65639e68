"""Animate Anyone: one picture of a character, moved by a sequence of poses (arXiv 2311.17117).

``unets`` recognises its two UNets, ``releases`` has what each open release was trained with, and ``errors`` what all of
this raises.
"""

from .errors import CharacterError
from .releases import AUTO, RELEASES, Release, choose_release, other_positions
from .unets import DENOISING, LAST, REFERENCE, UnetFile, check_unet, recognise_unet

__all__ = [
    "AUTO",
    "DENOISING",
    "LAST",
    "REFERENCE",
    "RELEASES",
    "CharacterError",
    "Release",
    "UnetFile",
    "check_unet",
    "choose_release",
    "other_positions",
    "recognise_unet",
]
