"""What batches of frames need of the engine: ``room`` in memory, and its ``resizing``."""

from .resizing import CROPS, METHODS, resizer
from .room import make_sure_of_room

__all__ = ["CROPS", "METHODS", "make_sure_of_room", "resizer"]
