"""How strongly and when something acts, from what a node was given."""

from typing import Any

from ...motion.values import LARGEST, Acts
from .percents import check_range
from .strengths import as_value


def as_acts(
    strength: Any,
    start_percent: float,
    end_percent: float,
    name: str = "strength",
    would: str = "act",
    low: float = -LARGEST,
    high: float = LARGEST,
) -> Acts:
    """A strength within a part of the sampling.

    Args:
        strength: see `as_value`.
        would: what nothing does in an empty part, for the message.

    Raises:
        ValueError: an empty part, or a strength out of range.
    """
    check_range(start_percent, end_percent, would)
    return Acts(as_value(name, strength, low, high), start_percent, end_percent)
