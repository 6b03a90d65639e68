"""One call of the model: which frames of the clip are in it, in which windows, and when it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from ..options import WINDOW_FRAMES
from .timing import Now


@dataclass(frozen=True)
class Call:
    """The rows of one call: for each conditioning all frames of its windows, window after window."""

    conditionings: int
    frames: int
    """Of one window."""
    numbers: Sequence[int]
    """Each frame's number in the whole clip, of all windows that come in this call."""
    total: int
    """Frames of the whole clip."""
    window: Any = None
    """The host's context window, None without one; several windows that come together are one to the host."""

    @classmethod
    def of(cls, options: Mapping[str, Any], rows: int) -> "Call":
        """Read a call off the host's ``transformer_options`` and the number of its rows.

        A window, or a batch that was split, changes the number of frames from call to call, so they are counted anew.
        """
        conditionings = len(options["cond_or_uncond"])
        together = rows // conditionings
        window = options.get("context_window")
        total = together if window is None else window.total_frames
        return cls(conditionings, options.get(WINDOW_FRAMES, together), frame_numbers(together, window), total, window)

    @property
    def together(self) -> int:
        """Frames of all windows."""
        return len(self.numbers)

    @property
    def windows(self) -> int:
        """Windows that come together."""
        return self.together // self.frames

    @property
    def ad_params(self) -> dict[str, Any]:
        """What other packs (IPAdapter, Advanced-ControlNet, BrushNet and more) look up under that name."""
        return {
            "sub_idxs": None if self.window is None else list(self.window.index_list),
            "full_length": self.total,
            "context_length": self.frames,
        }


def frame_numbers(frames: int, window: Any) -> Sequence[int]:
    """Each frame's number in the whole clip, whatever context window is being sampled."""
    if window is None:
        return range(frames)
    anchor = getattr(window, "causal_anchor_index", None)
    front = [anchor] if anchor is not None and anchor >= 0 else []
    return [*front, *window.index_list]


class Moment(NamedTuple):
    """A call of the model within a sampling, as far as what acts on its frames needs to know it."""

    call: Call
    now: Now
    base: Any
    """The host's model, which knows the scale of its latents and what it computes in."""
    x: Tensor
    """The noisy latents of the call."""
    prepared: Mapping[Any, Any] = {}
    """What companions have worked out for this sampling, by companion."""
    kinds: Sequence[int] = ()
    """For each conditioning 1 if it is the unconditional one, the host's ``cond_or_uncond``."""
