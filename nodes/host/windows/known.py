"""Windows that need no prediction, because the latent's noise mask keeps all of their frames as they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ....motion.windows import Window
from ..options import CONTEXT_REFERENCES, CROSS_FRAME, KNOWN, REUSE

LOOKING = (CONTEXT_REFERENCES, CROSS_FRAME, REUSE)
"""Of the pack: what looks from one window at another."""
ACROSS = (
    "denoise_mask_function",
    "sampler_calc_cond_batch_function",
    "sampler_cfg_function",
    "sampler_post_cfg_function",
    "sampler_pre_cfg_function",
)
"""Of the host: what changes the mask from step to step, or may look at predictions of all frames."""


def note_known(model_options: Mapping[str, Any], denoise_mask: Tensor | None, kept: dict[Any, Any]) -> None:
    """Look once a sampling which frames the mask keeps.

    Args:
        denoise_mask: of the host, 0 where the latent stays: (frames, channels, height, width).
        kept: what the sampling keeps.
    """
    inner = model_options["transformer_options"]
    if denoise_mask is None or any(inner.get(key) for key in LOOKING) or any(model_options.get(key) for key in ACROSS):
        return
    largest = denoise_mask.flatten(1).amax(1).tolist()
    kept[KNOWN] = frozenset(frame for frame, value in enumerate(largest) if value == 0.0)


def needed(windows: Sequence[Window], kept: Mapping[Any, Any]) -> tuple[list[Window], list[int]]:
    """The windows that have to be predicted, and the frames that none of these holds."""
    known: frozenset[int] = kept.get(KNOWN, frozenset())
    if not known:
        return list(windows), []
    left = [window for window in windows if not known.issuperset(window.frames)]
    return left, sorted(known.difference(*(window.frames for window in left)))
