"""Batches of frames, whatever they are: pictures, masks or latents.

``frames`` tells what came over a wire and where its frames are, ``expressions`` reads which of them are meant and
``plans`` lists them. ``picking`` takes entries of a tensor, as a view where it can, and ``taking`` frames of a batch;
``following`` lets what a latent knows of its frames go with them. ``joining`` puts several batches into one: ``fading``
where two overlap, in ``layers`` of one size, and ``merging`` what latents know. ``info`` says what a batch is, and
``errors`` what is wrong with one.
"""

from .errors import BatchError
from .expressions import parse_selection
from .fading import CURVES
from .frames import Frames, Kind, as_frames
from .info import Info, describe_batch
from .joining import SIZES, Joining, plan_joining
from .layers import Resize
from .plans import ORDERS, OUTSIDE, Chosen, choose, nth_frames, ping_pong, repeated, split
from .taking import copied_bytes, taken

__all__ = [
    "CURVES",
    "ORDERS",
    "OUTSIDE",
    "SIZES",
    "BatchError",
    "Chosen",
    "Frames",
    "Info",
    "Joining",
    "Kind",
    "Resize",
    "as_frames",
    "choose",
    "copied_bytes",
    "describe_batch",
    "nth_frames",
    "parse_selection",
    "ping_pong",
    "plan_joining",
    "repeated",
    "split",
    "taken",
]
