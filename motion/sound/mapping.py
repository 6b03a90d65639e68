"""From levels of a sound to values of a motion."""

from dataclasses import dataclass

import numpy as np

from .loudness import SILENCE, decibels
from .recording import Values

OWN_RANGE, DECIBELS = "own_range", "decibels"
SCALINGS = (OWN_RANGE, DECIBELS)
STEADY = 0.05
"""A sound whose levels differ by less than this part of the highest, half a dB, has no range that anybody hears."""


@dataclass(frozen=True)
class Scaling:
    """What counts as 0 and as 1: the quietest and the loudest frame of the clip, or two levels in dB of full scale."""

    by: str = OWN_RANGE
    """One of `SCALINGS`."""
    quiet: float = -60.0
    loud: float = -10.0

    def normalised(self, levels: Values) -> Values:
        """Levels as (frames) in 0..1.

        By their own range ``(a - min a) / (max a - min a)``, where a steady sound is 1 and a silent one 0; in decibels
        ``(20 log10 a - quiet) / (loud - quiet)``.
        """
        top = float(levels.max())
        if top < SILENCE:
            return np.zeros_like(levels)
        if self.by == DECIBELS:
            return np.clip((decibels(levels) - self.quiet) / (self.loud - self.quiet), 0.0, 1.0)
        if is_steady(levels):
            return np.ones_like(levels)
        return (levels - levels.min()) / (top - levels.min())


@dataclass(frozen=True)
class Response:
    """``low + (high - low) min(1, gain x)^curve`` of an x in 0..1."""

    low: float = 0.0
    high: float = 1.0
    gain: float = 1.0
    curve: float = 1.0
    """Above 0. 2 keeps what is quiet low, 0.5 lifts it."""

    def of(self, values: Values) -> Values:
        """Values of (frames) between low and high."""
        return self.low + (self.high - self.low) * np.clip(self.gain * values, 0.0, 1.0) ** self.curve


def is_steady(levels: Values) -> bool:
    """Whether nobody hears a difference between the levels."""
    return bool(levels.max() - levels.min() < STEADY * levels.max())
