"""Videos.

``read`` takes frames from one, ``combine`` makes one of frames with the inputs of ``saving``, and ``frames`` does so
with long ones, piece by piece.
"""

from comfy_api.latest import io

from .combine import CombineVideo
from .frames import DecodeAndSaveVideo, EncodeFrames
from .read import VideoFrames
from .saving import save_clip, saving_inputs, saving_problem, video_output

NODES: list[type[io.ComfyNode]] = [VideoFrames, EncodeFrames, CombineVideo, DecodeAndSaveVideo]

__all__ = [
    "NODES",
    "CombineVideo",
    "DecodeAndSaveVideo",
    "EncodeFrames",
    "VideoFrames",
    "save_clip",
    "saving_inputs",
    "saving_problem",
    "video_output",
]
