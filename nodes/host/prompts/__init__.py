"""``travel`` encodes prompts that change over a clip."""

from .travel import encode

__all__ = ["encode"]
