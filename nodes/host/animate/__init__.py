"""A motion model on an image model: ``animate`` attaches it, ``checks`` looks at each clip before it is sampled."""

from .animate import animate_model

__all__ = ["animate_model"]
