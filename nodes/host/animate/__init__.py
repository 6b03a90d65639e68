"""A motion model on an image model: ``animate`` attaches it, ``checks`` looks at each clip before it is sampled.

``beside`` knows what other packs leave on a model.
"""

from .animate import animate_model

__all__ = ["animate_model"]
