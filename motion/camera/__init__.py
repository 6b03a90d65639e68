"""Cameras for CameraCtrl.

``rotations`` and ``moves`` make ``paths``, ``trajectory`` reads them from text and ``drawing`` shows them; ``plucker``
turns a path into rays, ``encoder`` reads rays, and ``files`` are the published weights.
"""

from .drawing import draw_path
from .encoder import CameraModel
from .files import CameraError, check_fit, load_camera_model, read_camera
from .moves import EASINGS, FOCAL_LENGTH, MOVES, ORBIT_DISTANCE, move_path
from .paths import CameraPath, PathError
from .plucker import lenses_for
from .trajectory import read_trajectory

__all__ = [
    "EASINGS",
    "FOCAL_LENGTH",
    "MOVES",
    "ORBIT_DISTANCE",
    "CameraError",
    "CameraModel",
    "CameraPath",
    "PathError",
    "check_fit",
    "draw_path",
    "lenses_for",
    "load_camera_model",
    "move_path",
    "read_camera",
    "read_trajectory",
]
