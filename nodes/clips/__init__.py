"""Clips to learn from.

``choices`` are the inputs of all nodes that bring clips in: ``load`` finds them in a folder, and ``listed`` takes those
of other nodes. ``camera`` moves over them, and ``prepare`` encodes them for a training.
"""

from comfy_api.latest import io

from .camera import CameraMotionClips
from .listed import ClipsFromList
from .load import LoadClips
from .prepare import PrepareClips

NODES: list[type[io.ComfyNode]] = [LoadClips, ClipsFromList, CameraMotionClips, PrepareClips]
