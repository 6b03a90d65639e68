"""Videos in the running ComfyUI.

``source`` opens one and shows its pictures with their times, ``picture`` sets one upright in its colours and size,
``hdr`` those that are brighter than a screen, ``sound`` is cut to them, and ``read`` makes a clip of all; ``whole``
tells of one without its frames. ``vae`` decodes and encodes part by part, ``output`` is what a saved clip hands back.
"""

from .output import preview, progress_reporter, video_value, workflow_tags
from .read import has_file, read_frames
from .vae import Decoded, encode
from .whole import Whole, count_frames, whole_sound

__all__ = [
    "Decoded",
    "Whole",
    "count_frames",
    "encode",
    "has_file",
    "preview",
    "progress_reporter",
    "read_frames",
    "video_value",
    "whole_sound",
    "workflow_tags",
]
