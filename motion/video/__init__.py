"""Frames to files and back.

``picking`` says which frames of a video make up a clip, ``geometry`` how they lie, and ``high_range`` how those of
brighter screens look on usual ones; ``sequences`` says which pictures of a folder do. ``codecs`` are the formats with
their ``settings``, and ``encoding`` is what they mean to ffmpeg; ``hardware`` knows which encoders of the graphics card
work. ``names`` are the tokens in file names and ``prefixes`` the paths they make. A ``clip`` has frames and one of
``sounds``. ``writing`` tells ffmpeg what to do and ``process`` runs it; ``tags`` puts the workflow into what it wrote.
"""

from .clip import Clip, Pictures
from .codecs import CODECS, Codec
from .encoding import Wanted, encoding_for
from .geometry import CROP, FITS, Fit, Orientation, Shape, cover, inside, orientation, shown_size, stretch
from .hardware import hardware_problem, offered
from .high_range import HIGH_RANGE, tone_mapped
from .names import expand_prefix
from .picking import Choice, Shown, chosen, clip_size
from .prefixes import PrefixError, clean_prefix
from .process import VideoError, check_encoder
from .sequences import folder_problem, is_picture, listable, matching, natural, pattern_problem, picked
from .settings import Setting, SettingError, settled
from .sounds import CUT, ENDINGS, Heard, Sound
from .writing import Job, Saved, write_video

__all__ = [
    "CODECS",
    "CROP",
    "CUT",
    "ENDINGS",
    "FITS",
    "HIGH_RANGE",
    "Choice",
    "Clip",
    "Codec",
    "Fit",
    "Heard",
    "Job",
    "Orientation",
    "Pictures",
    "PrefixError",
    "Saved",
    "Setting",
    "SettingError",
    "Shape",
    "Shown",
    "Sound",
    "VideoError",
    "Wanted",
    "check_encoder",
    "chosen",
    "clean_prefix",
    "clip_size",
    "cover",
    "encoding_for",
    "expand_prefix",
    "folder_problem",
    "hardware_problem",
    "inside",
    "is_picture",
    "listable",
    "matching",
    "natural",
    "offered",
    "orientation",
    "pattern_problem",
    "picked",
    "settled",
    "shown_size",
    "stretch",
    "tone_mapped",
    "write_video",
]
