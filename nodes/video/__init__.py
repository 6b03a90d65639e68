"""Videos.

``read`` takes frames from one and ``sequence`` from pictures in a folder, ``combine`` makes one of frames with the
inputs of ``saving``, and ``frames`` does so with long ones, piece by piece.
"""

from comfy_api.latest import io

from .combine import CombineVideo
from .frames import DecodeAndSaveVideo, EncodeFrames
from .read import VideoFrames
from .saving import save_clip, saving_inputs, saving_problem, video_output
from .sequence import LoadImageSequence

NODES: list[type[io.ComfyNode]] = [VideoFrames, LoadImageSequence, EncodeFrames, CombineVideo, DecodeAndSaveVideo]

__all__ = [
    "NODES",
    "CombineVideo",
    "DecodeAndSaveVideo",
    "EncodeFrames",
    "LoadImageSequence",
    "VideoFrames",
    "save_clip",
    "saving_inputs",
    "saving_problem",
    "video_output",
]
