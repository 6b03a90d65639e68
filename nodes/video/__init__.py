"""Videos.

Frames are chosen by the inputs of ``looking``: ``load`` takes them from a file, ``read`` from a VIDEO and ``sequence``
from the pictures of a folder. ``combine`` makes one of frames with the inputs of ``choices``, which is what ``saving``
does, and ``frames`` does so with long ones, piece by piece.
"""

from comfy_api.latest import io

from .choices import later_inputs, saving_inputs, saving_outputs
from .combine import CombineVideo
from .frames import DecodeAndSaveVideo, EncodeFrames
from .load import LoadVideoFrames
from .looking import looking_inputs
from .read import VideoFrames
from .saving import is_deep, save_clip, saving_problem
from .sequence import LoadImageSequence

NODES: list[type[io.ComfyNode]] = [
    LoadVideoFrames,
    VideoFrames,
    LoadImageSequence,
    EncodeFrames,
    CombineVideo,
    DecodeAndSaveVideo,
]

__all__ = [
    "NODES",
    "CombineVideo",
    "DecodeAndSaveVideo",
    "EncodeFrames",
    "LoadImageSequence",
    "LoadVideoFrames",
    "VideoFrames",
    "is_deep",
    "later_inputs",
    "looking_inputs",
    "save_clip",
    "saving_inputs",
    "saving_outputs",
    "saving_problem",
]
