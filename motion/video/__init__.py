"""Frames to files and back.

``picking`` says which frames of a video make up a clip, ``codecs`` are the formats, ``names`` the tokens in file names,
``writing`` runs ffmpeg and ``tags`` puts the workflow into what it wrote.
"""

from .codecs import CODECS, Codec
from .names import expand_prefix
from .picking import Choice, Shown, chosen, clip_size
from .writing import Clip, Job, Pictures, Sound, VideoError, check_encoder, write_video

__all__ = [
    "CODECS",
    "Choice",
    "Clip",
    "Codec",
    "Job",
    "Pictures",
    "Shown",
    "Sound",
    "VideoError",
    "check_encoder",
    "chosen",
    "clip_size",
    "expand_prefix",
    "write_video",
]
