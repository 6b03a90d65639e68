"""A motion model on an image model: ``animate`` attaches it, ``checks`` looks at each clip before it is sampled.

``beside`` knows what other packs leave on a model. ``character`` attaches all parts of Animate Anyone.
"""

from .animate import animate_model
from .character import animate_character

__all__ = ["animate_character", "animate_model"]
