"""Clips to learn from.

A training goes from ``batch`` to batch. All that is wrong with clips is one of ``errors``.
"""

from .batch import Batch, joined
from .errors import ClipsError

__all__ = ["Batch", "ClipsError", "joined"]
