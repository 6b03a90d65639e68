"""Frames to files and back.

``picking`` says which frames of a video make up a clip, ``geometry`` how they lie, and ``high_range`` how those of
brighter screens look on usual ones. ``codecs`` are the formats,
``names`` the tokens in file names and ``prefixes`` the paths they make. ``writing`` tells ffmpeg what to do and
``process`` runs it, in a folder of ``work``; ``tags`` puts the workflow into what it wrote, and ``publish`` gives it
its name.
"""

from .codecs import CODECS, Codec
from .geometry import CROP, FITS, Fit, Orientation, Shape, cover, inside, orientation, shown_size, stretch
from .high_range import HIGH_RANGE, tone_mapped
from .names import expand_prefix
from .picking import Choice, Shown, chosen, clip_size
from .prefixes import PrefixError, clean_prefix
from .publish import numbered
from .work import sweep, sweep_tree, taken
from .writing import Clip, Job, Pictures, Saved, Sound, VideoError, check_encoder, write_video

__all__ = [
    "CODECS",
    "CROP",
    "FITS",
    "HIGH_RANGE",
    "Choice",
    "Clip",
    "Codec",
    "Fit",
    "Job",
    "Orientation",
    "Pictures",
    "PrefixError",
    "Saved",
    "Shape",
    "Shown",
    "Sound",
    "VideoError",
    "check_encoder",
    "chosen",
    "clean_prefix",
    "clip_size",
    "cover",
    "expand_prefix",
    "inside",
    "numbered",
    "orientation",
    "shown_size",
    "stretch",
    "sweep",
    "sweep_tree",
    "taken",
    "tone_mapped",
    "write_video",
]
