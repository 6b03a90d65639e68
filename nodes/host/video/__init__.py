"""Videos in the running ComfyUI.

``source`` opens one and shows its pictures with their times, ``picture`` sets one upright in its colours and size,
``sound`` is cut to them, and ``read`` makes a clip of all three; ``whole`` tells of one without its frames.
``sequence_files`` finds the pictures of a folder, ``stills`` decodes one, and ``sequence`` makes a clip of them.
``vae`` decodes and encodes part by part, ``output`` is what a saved clip hands back.
"""

from .output import preview, progress_reporter, video_value, workflow_tags
from .read import has_file, read_frames
from .sequence import read_sequence
from .sequence_files import (
    SequenceError,
    pictures_in,
    readable_name,
    sequence_fingerprint,
    sequence_folders,
    sequence_problem,
)
from .vae import Decoded, encode
from .whole import Whole, count_frames, whole_sound

__all__ = [
    "Decoded",
    "SequenceError",
    "Whole",
    "count_frames",
    "encode",
    "has_file",
    "pictures_in",
    "preview",
    "progress_reporter",
    "read_frames",
    "read_sequence",
    "readable_name",
    "sequence_fingerprint",
    "sequence_folders",
    "sequence_problem",
    "video_value",
    "whole_sound",
    "workflow_tags",
]
