"""Poses of people over a clip.

``people`` is the layout of joints behind every file, ``skeletons`` are the layouts of others, ``files`` reads them and
``example`` walks. ``tracks`` follows each person, for ``smooth``, ``retime`` and ``retarget``; ``draw`` draws.
"""

from .draw import BODIES, FITS, LARGEST_SIDE, WIDTHS, PoseStyle, draw_poses, drawn_size, picture_size
from .example import walking
from .files import UNITS, check_units, parse_pose_text, parse_poses, read_pose_files
from .people import (
    COUNT,
    LEFT_WRIST,
    MAX_FRAMES,
    NOSE,
    PARTS,
    RIGHT_ANKLE,
    RIGHT_WRIST,
    THRESHOLD,
    Person,
    PoseError,
    PoseFrame,
    as_keypoints,
)
from .retarget import retarget_poses
from .retime import pingpong, retime_to_fps, retime_to_length
from .smooth import OneEuro, SavitzkyGolay, smooth_poses
from .tracks import GATE

__all__ = [
    "BODIES",
    "COUNT",
    "FITS",
    "GATE",
    "LARGEST_SIDE",
    "LEFT_WRIST",
    "MAX_FRAMES",
    "NOSE",
    "PARTS",
    "RIGHT_ANKLE",
    "RIGHT_WRIST",
    "THRESHOLD",
    "UNITS",
    "WIDTHS",
    "OneEuro",
    "Person",
    "PoseError",
    "PoseFrame",
    "PoseStyle",
    "SavitzkyGolay",
    "as_keypoints",
    "check_units",
    "draw_poses",
    "drawn_size",
    "parse_pose_text",
    "parse_poses",
    "picture_size",
    "pingpong",
    "read_pose_files",
    "retarget_poses",
    "retime_to_fps",
    "retime_to_length",
    "smooth_poses",
    "walking",
]
