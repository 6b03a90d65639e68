"""Naive reuse of what the first window predicts, in the whole clip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ....motion.values import ONE, MotionValue, in_picture
from ....motion.windows import reuse_first
from ..sampling.timing import Now, Timing

KEY = "kinema.reuse"
"""In the options of a model: every `NaiveReuse` on it."""


@dataclass(frozen=True, eq=False)
class NaiveReuse:
    """One Naive Reuse node."""

    weighted_mean: float = 0.95
    strength: MotionValue = ONE
    start_percent: float = 0.0
    end_percent: float = 0.15


def reused(
    options: Mapping[str, Any], timing: Timing, sigma: float, results: list[Tensor], first: Sequence[Tensor]
) -> list[Tensor]:
    """The predictions of a whole clip with those of its first window mixed in, as far as that acts at a noise level.

    Args:
        options: the ``transformer_options`` of the sampling.
        results: (frames, channels, height, width) for each conditioning, from all windows.
        first: the same for the first window.
    """
    now = Now(timing, lambda: sigma)
    for item in options.get(KEY, ()):
        value = now.value(item, item.strength) * MotionValue(item.weighted_mean)
        if value.is_zero:
            continue
        frames, _, *places = results[0].shape
        size = (places[0], places[1])
        share = in_picture(value.over(range(frames), size, results[0].device, timing.masks), size)
        results = [reuse_first(result, part, share) for result, part in zip(results, first, strict=True)]
    return results
