"""The systems of AnimateDiff's table side by side, on clips whose movements are known.

Usage: python dev.py bench papers [--learnt FOLDER] [--output FOLDER] [--steps 50] [--width 32]

All stand on the image model that `learning` made, and take what it learnt from the same folder. ``systems`` are ways to
a clip, ``seen`` is what is measured of them, and ``running`` is the command.
"""

from .running import main

__all__ = ["main"]
