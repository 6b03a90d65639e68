"""Naive reuse of what the first window predicts, in the whole clip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ....motion.values import Acts, MotionValue, in_picture
from ....motion.windows import reuse_first
from ..options import REUSE
from ..sampling import Now

BEGINNING = Acts(end_percent=0.15)


@dataclass(frozen=True, eq=False)
class NaiveReuse:
    """One Naive Reuse node."""

    weighted_mean: float = 0.95
    acts: Acts = BEGINNING


def reused(options: Mapping[str, Any], now: Now, results: list[Tensor], first: Sequence[Tensor]) -> list[Tensor]:
    """The predictions of a whole clip with those of its first window mixed in, as far as that acts at a moment.

    Args:
        options: the ``transformer_options`` of the sampling.
        results: (frames, channels, height, width) for each conditioning, from all windows.
        first: the same for the first window.
    """
    for item in options.get(REUSE, ()):
        value = now.strength(item.acts) * MotionValue(item.weighted_mean)
        if value.is_zero:
            continue
        frames, _, *places = results[0].shape
        size = (places[0], places[1])
        share = in_picture(value.over(range(frames), size, results[0].device, now.timing.masks), size)
        results = [reuse_first(result, part, share) for result, part in zip(results, first, strict=True)]
    return results
