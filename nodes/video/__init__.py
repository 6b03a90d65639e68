"""Videos.

``read`` takes frames from one, ``combine`` makes one of frames with the inputs of ``choices``, which is what ``saving``
does, and ``frames`` does so with long ones, piece by piece.
"""

from comfy_api.latest import io

from .combine import CombineVideo
from .frames import DecodeAndSaveVideo, EncodeFrames
from .read import VideoFrames

NODES: list[type[io.ComfyNode]] = [VideoFrames, EncodeFrames, CombineVideo, DecodeAndSaveVideo]
