"""Clips larger than memory.

``cut`` begins one and ``save`` ends it; whatever is between the two runs once for each piece.
"""

from comfy_api.latest import io

from .cut import VideoInPieces
from .save import SavePieces

NODES: list[type[io.ComfyNode]] = [VideoInPieces, SavePieces]
