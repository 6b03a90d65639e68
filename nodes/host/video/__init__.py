"""Videos in the running ComfyUI.

``problems`` are said in words. ``opening`` opens one and ``source`` shows its pictures with their times; ``picture``
sets one upright in its colours and size, ``filling`` puts them into one tensor, ``sound`` is cut to them, and ``read``
makes a clip of all; ``again`` gives them piece by piece, to be saved in another form, and ``numbered`` one by one.
``whole`` tells of one without its frames, ``load`` finds one in the folders. ``listing`` finds the pictures of a
folder, ``stills`` decodes one, and ``sequence`` makes a clip of them. ``vae`` decodes and encodes part by part,
``output`` is what a saved clip hands back.
"""

from .again import Again, saved_again
from .listing import (
    SequenceError,
    pictures_in,
    readable_name,
    sequence_fingerprint,
    sequence_folders,
    sequence_problem,
)
from .load import about, named_video, video_names, video_problem, video_stamp
from .numbered import Numbered
from .output import preview, progress_reporter, video_value, workflow_tags
from .problems import VideoFramesError
from .read import Manner, has_file, read_frames
from .sequence import read_sequence
from .stills import StillError, read_still
from .vae import Decoded, encode
from .whole import Whole, count_frames, whole_sound

__all__ = [
    "Again",
    "Decoded",
    "Manner",
    "Numbered",
    "SequenceError",
    "StillError",
    "VideoFramesError",
    "Whole",
    "about",
    "count_frames",
    "encode",
    "has_file",
    "named_video",
    "pictures_in",
    "preview",
    "progress_reporter",
    "read_frames",
    "read_sequence",
    "read_still",
    "readable_name",
    "saved_again",
    "sequence_fingerprint",
    "sequence_folders",
    "sequence_problem",
    "video_names",
    "video_problem",
    "video_stamp",
    "video_value",
    "whole_sound",
    "workflow_tags",
]
