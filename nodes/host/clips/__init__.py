"""Clips to learn from, in the running ComfyUI.

``places`` are where somebody says they are, ``reels`` give single pictures of them. ``clips`` are what is on a wire
before anything is read: those in files are ``filed``, those of other nodes ``listed``, and a camera is ``moving`` over
either. ``preparing`` sends them through networks, which are known by their ``weights``, onto the disk, where they are
``kept``; ``training`` has them for whoever learns from them.
"""

from .clips import Clips
from .filed import load_clips
from .kept import cache_stamp
from .listed import listed_clips
from .moving import Camera, film_clips, first_view
from .places import place_problem, place_stamp
from .preparing import HELD_OUT, prepare_training
from .training import TrainingClips
from .weights import model_identity

__all__ = [
    "HELD_OUT",
    "Camera",
    "Clips",
    "TrainingClips",
    "cache_stamp",
    "film_clips",
    "first_view",
    "listed_clips",
    "load_clips",
    "model_identity",
    "place_problem",
    "place_stamp",
    "prepare_training",
]
