"""Clips to learn from, in the running ComfyUI.

What is prepared of them is on the disk, and ``training`` has it for whoever learns from it.
"""

from .training import TrainingClips

__all__ = ["TrainingClips"]
