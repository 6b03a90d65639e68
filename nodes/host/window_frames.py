"""Which frames of the clip are in a call of the model."""

from collections.abc import Sequence
from typing import Any

WINDOW_FRAMES = "kinema.window_frames"
"""Frames of one window, where several windows come in one call."""


def frame_numbers(frames: int, window: Any) -> Sequence[int]:
    """Each frame's number in the whole clip, whatever context window is being sampled."""
    if window is None:
        return range(frames)
    anchor = getattr(window, "causal_anchor_index", None)
    front = [anchor] if anchor is not None and anchor >= 0 else []
    return [*front, *window.index_list]
