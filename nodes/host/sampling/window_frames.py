"""Which frames of the clip are in a call of the model."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from comfy.controlnet import ControlBase

WINDOW_FRAMES = "kinema.window_frames"
"""Frames of one window, where several windows come in one call."""


class FollowsClip(ControlBase, ABC):
    """Marks control objects whose pictures belong to single frames of the whole clip.

    They look up what is theirs in each call with `frame_numbers`, so nothing has to cut their pictures to windows.
    """

    @abstractmethod
    def check_clip(self, frames: int, at_once: int) -> None:
        """Stop before a sampling if it does not fit the clip.

        Args:
            frames: of the whole clip.
            at_once: frames that motion layers see together.

        Raises:
            ValueError: it does not fit; the message says what to do.
        """


def frame_numbers(frames: int, window: Any) -> Sequence[int]:
    """Each frame's number in the whole clip, whatever context window is being sampled."""
    if window is None:
        return range(frames)
    anchor = getattr(window, "causal_anchor_index", None)
    front = [anchor] if anchor is not None and anchor >= 0 else []
    return [*front, *window.index_list]


def ad_params(window: Any, frames: int, together: int) -> dict[str, Any]:
    """What other packs (IPAdapter, Advanced-ControlNet, BrushNet and more) look up under that name, to pick theirs.

    Args:
        window: the context window, None without one.
        frames: of one window.
        together: frames of the call, which may hold several windows.
    """
    return {
        "sub_idxs": None if window is None else list(window.index_list),
        "full_length": together if window is None else window.total_frames,
        "context_length": frames,
    }
