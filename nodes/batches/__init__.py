"""Batches of frames, of pictures, masks and latents alike.

``sockets`` has what all of them take and give. ``selecting`` takes frames out of one, ``repeating`` plays one again or
backwards, ``joining`` makes one of several, and ``info`` tells what is in one.
"""

from comfy_api.latest import io

from .info import FrameInfo
from .joining import CrossfadeFrames, MergeFrames
from .repeating import PingPongFrames, RepeatFrames, ReverseFrames
from .selecting import EveryNthFrame, SelectFrames, SplitFrames

NODES: list[type[io.ComfyNode]] = [
    SelectFrames,
    EveryNthFrame,
    SplitFrames,
    MergeFrames,
    CrossfadeFrames,
    RepeatFrames,
    ReverseFrames,
    PingPongFrames,
    FrameInfo,
]
