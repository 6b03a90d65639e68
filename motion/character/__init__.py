"""Animate Anyone: one picture of a character, moved by a sequence of poses (arXiv 2311.17117).

``unets`` recognises its two UNets, ``releases`` has what each open release was trained with. ``guider`` is what every
reader of pose pictures has; ``convolutions``, ``champ`` and ``aniportrait`` are the published ones and the paper's,
with the transformer of ``spatial``; ``guider_layouts`` says how their files are spelled, and ``guider_files`` reads
them. ``errors`` has what all of this raises.
"""

from .convolutions import fresh_guider
from .errors import CharacterError
from .guider import AT_LATENT, Entry, Guider
from .guider_files import load_guider, read_guider, recognise_guider
from .guider_layouts import GUIDER_KINDS
from .releases import AUTO, MUSEPOSE, MUSEPOSE_POSITIONS, RELEASES, Release, choose_release, other_positions
from .unets import DENOISING, REFERENCE, UnetFile, check_unet, recognise_unet

__all__ = [
    "AT_LATENT",
    "AUTO",
    "DENOISING",
    "GUIDER_KINDS",
    "MUSEPOSE",
    "MUSEPOSE_POSITIONS",
    "REFERENCE",
    "RELEASES",
    "CharacterError",
    "Entry",
    "Guider",
    "Release",
    "UnetFile",
    "check_unet",
    "choose_release",
    "fresh_guider",
    "load_guider",
    "other_positions",
    "read_guider",
    "recognise_guider",
    "recognise_unet",
]
