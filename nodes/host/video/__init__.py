"""Videos in the running ComfyUI.

``source`` opens one and shows its pictures with their times, ``picture`` sets one upright in its colours and size,
``sound`` is cut to them, and ``read`` makes a clip of all three; ``again`` gives them piece by piece, to be saved in
another form. ``vae`` decodes and encodes part by part, ``output`` is what a saved clip hands back.
"""

from .again import Again, saved_again
from .output import preview, progress_reporter, video_value, workflow_tags
from .read import read_frames
from .vae import Decoded, encode

__all__ = [
    "Again",
    "Decoded",
    "encode",
    "preview",
    "progress_reporter",
    "read_frames",
    "saved_again",
    "video_value",
    "workflow_tags",
]
