"""Videos.

``load`` takes frames from a file and ``read`` from a VIDEO; ``combine`` makes one of frames with the inputs of
``saving``, and ``frames`` does so with long ones, piece by piece.
"""

from comfy_api.latest import io

from .combine import CombineVideo
from .frames import DecodeAndSaveVideo, EncodeFrames
from .load import LoadVideoFrames
from .read import VideoFrames
from .saving import save_clip, saving_inputs, saving_problem, video_output

NODES: list[type[io.ComfyNode]] = [LoadVideoFrames, VideoFrames, EncodeFrames, CombineVideo, DecodeAndSaveVideo]

__all__ = [
    "NODES",
    "CombineVideo",
    "DecodeAndSaveVideo",
    "EncodeFrames",
    "LoadVideoFrames",
    "VideoFrames",
    "save_clip",
    "saving_inputs",
    "saving_problem",
    "video_output",
]
