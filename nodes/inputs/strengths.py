"""Inputs that take a number, a Motion Value or a mask."""

import math
from collections.abc import Sequence
from typing import Any

from comfy_api.latest import io
from torch import Tensor

from ...motion.values import LARGEST, CurveError, Mask, MotionValue, listed
from ..host.images import is_finite
from .types import MotionValueType


def strength_input(
    id: str,
    tooltip: str,
    low: float = -LARGEST,
    high: float = LARGEST,
    default: float = 1.0,
) -> io.MultiType.Input:
    """A number on the node, or what is connected to it."""
    number = io.Float.Input(id, default=default, min=low, max=high, step=0.01, tooltip=tooltip, optional=True)
    return io.MultiType.Input(number, types=[MotionValueType, io.Mask])


def strength_problem(name: str, value: Any, low: float = -LARGEST, high: float = LARGEST) -> str | None:
    """What is wrong with a number, None if nothing is.

    Before a run the host gives None for what is connected; that is looked at when it is there.
    """
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return f"{name} is {value!r}, which is no number."
    if math.isfinite(number) and low <= number <= high:
        return None
    return f"{name} is {number:g}; it must lie between {low:g} and {high:g}."


def check_strength(name: str, value: Any, low: float = -LARGEST, high: float = LARGEST) -> None:
    """The same for what came over a wire and is known only when the node runs.

    Raises:
        ValueError: it is no number, or out of range.
    """
    problem = strength_problem(name, value, low, high)
    if problem is not None:
        raise ValueError(problem)


def as_value(name: str, value: Any, low: float = -LARGEST, high: float = LARGEST) -> MotionValue:
    """What a strength input was given.

    Args:
        value: a number, a list of numbers (one for each frame), a mask or a Motion Value.

    Raises:
        ValueError: an empty mask or list, or a number out of range.
    """
    if isinstance(value, MotionValue):
        return value
    if isinstance(value, Tensor):
        return MotionValue(masks=(as_mask(name, value),))
    if isinstance(value, Sequence) and not isinstance(value, str):
        try:
            return MotionValue(curves=(listed(value),))
        except CurveError as error:
            raise ValueError(f"{name}: {error}") from error
    check_strength(name, value, low, high)
    return MotionValue(float(value))


def as_mask(name: str, mask: Tensor, low: float = 0.0, high: float = 1.0) -> Mask:
    """A mask of the host, (frames, height, width) or (height, width), as values from ``low`` to ``high``.

    Raises:
        ValueError: it is empty, or not finite.
    """
    frames = mask.reshape(-1, *mask.shape[-2:])
    if 0 in frames.shape:
        raise ValueError(f"{name}: the mask is empty, it has no frames or no pixels. Connect another one, or none.")
    if not is_finite(frames):
        raise ValueError(f"{name}: the mask holds NaN or infinite values. Connect another one, or none.")
    return Mask(frames, low, high)
