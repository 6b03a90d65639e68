"""Frames to files and back.

``picking`` says which frames of a video make up a clip and ``geometry`` how they lie; ``sequences`` says which
pictures of a folder do. ``codecs`` are the formats,
``names`` the tokens in file names and ``prefixes`` the paths they make. ``writing`` tells ffmpeg what to do and
``process`` runs it, in a folder of ``work``; ``tags`` puts the workflow into what it wrote, and ``publish`` gives it
its name.
"""

from .codecs import CODECS, Codec
from .geometry import Fit, Orientation, cover, orientation, shown_size
from .names import expand_prefix
from .picking import Choice, Shown, chosen, clip_size
from .prefixes import PrefixError, clean_prefix
from .publish import numbered
from .sequences import folder_problem, is_picture, listable, matching, natural, pattern_problem, picked
from .work import sweep, sweep_tree, taken
from .writing import Clip, Job, Pictures, Saved, Sound, VideoError, check_encoder, write_video

__all__ = [
    "CODECS",
    "Choice",
    "Clip",
    "Codec",
    "Fit",
    "Job",
    "Orientation",
    "Pictures",
    "PrefixError",
    "Saved",
    "Shown",
    "Sound",
    "VideoError",
    "check_encoder",
    "chosen",
    "clean_prefix",
    "clip_size",
    "cover",
    "expand_prefix",
    "folder_problem",
    "is_picture",
    "listable",
    "matching",
    "natural",
    "numbered",
    "orientation",
    "pattern_problem",
    "picked",
    "shown_size",
    "sweep",
    "sweep_tree",
    "taken",
    "write_video",
]
