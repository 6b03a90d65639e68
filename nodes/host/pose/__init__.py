"""Poses in the running ComfyUI: ``files`` in its input folder, and ``draw``, which minds its memory."""

from .draw import draw_clip
from .files import pose_fingerprint, pose_names, pose_paths

__all__ = ["draw_clip", "pose_fingerprint", "pose_names", "pose_paths"]
