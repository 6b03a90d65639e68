"""Where one taps along with a sound: its tempo, then the beats that fit it and lie on onsets."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .onsets import find_onsets
from .recording import Values

SLOWEST, FASTEST, USUAL = 40.0, 220.0, 135.0
"""Beats per minute. Every multiple of a period repeats as well as it; above the middle of 90 and 180, the usual tempo
prefers the faster of two that are alike up to 180."""
TIGHTNESS = 100.0
"""How dearly a beat pays for leaving the tempo (Ellis 2007)."""
STANDS_OUT = 2.5
"""Times the median of the onsets; what is above counts as this."""
FEWEST = 3
"""Onsets without which there is no tempo."""


@dataclass(frozen=True, eq=False)
class Beats:
    """Beats of a sound."""

    windows: NDArray[np.int64]
    """The windows they lie in, rising; empty if nothing keeps time."""
    per_minute: float
    """The tempo, 0 without beats."""


def find_beats(strength: Values, rate: float) -> Beats:
    """Beats by dynamic programming (Ellis, Beat Tracking by Dynamic Programming, 2007).

    They maximise ``sum O(t_i) + TIGHTNESS sum -(ln((t_i - t_(i-1)) / P))^2``, where O is the strength of an
    onset over the median of all, and P the period of the tempo. The time this takes grows with windows times P.

    Args:
        strength: as of `onset_strength`.
        rate: windows per second.
    """
    onsets = find_onsets(strength, rate)
    sharp = _sharpened(strength, onsets) if len(onsets) >= FEWEST else np.zeros(0)
    period = _period(sharp, rate) if len(sharp) else 0.0
    if not period:
        return Beats(np.zeros(0, np.int64), 0.0)
    best, before = _best_ways(sharp, period)
    # the last beat is the best one within a period and a half of the end, or nothing would end the tapping
    tail = max(0, len(best) - 1 - round(1.5 * period))
    at = tail + int(np.argmax(best[tail:]))
    way = []
    while at >= 0:
        way.append(at)
        at = int(before[at])
    return Beats(np.array(way[::-1], np.int64), 60.0 * rate / period)


def _sharpened(strength: Values, onsets: NDArray[np.int64]) -> Values:
    """The strength at onsets over their median, half of it beside them; what lies between is noise to a tempo.

    One that stands out, such as the beginning of the sound, counts little more than others, or it would be a beat.
    """
    sharp = np.zeros_like(strength)
    sharp[onsets] = np.minimum(strength[onsets] / np.median(strength[onsets]), STANDS_OUT)
    sides = 0.5 * (np.concatenate([[0.0], sharp[:-1]]) + np.concatenate([sharp[1:], [0.0]]))
    return np.maximum(sharp, sides)


def _period(strength: Values, rate: float) -> float:
    """Windows from beat to beat, 0 if nothing repeats.

    The lag L with the highest ``A(L) exp(-(log2(L / L_usual))^2 / 2)`` (Ellis 2007). A is the autocorrelation, a sum
    over the sound by Fourier transform.
    """
    size = 1 << (2 * len(strength) - 1).bit_length()
    spectrum = np.fft.rfft(strength, size)
    alike = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: len(strength)]
    lags = np.arange(max(2, math.floor(60.0 * rate / FASTEST)), math.ceil(60.0 * rate / SLOWEST) + 1)
    lags = lags[lags < len(alike) - 1]
    if not len(lags) or alike[lags].max() < 1e-6 * alike[0]:
        return 0.0
    # a beat is hardly ever a whole number of windows: its autocorrelation lies on two lags
    wide = alike + 0.5 * (np.roll(alike, 1) + np.roll(alike, -1))
    usual = np.exp(-0.5 * np.log2(lags * USUAL / (60.0 * rate)) ** 2)
    lag = int(lags[np.argmax(wide[lags] * usual)])
    left, top, right = alike[lag - 1 : lag + 2]
    bend = left - 2.0 * top + right
    return lag + (min(0.5, max(-0.5, 0.5 * (left - right) / bend)) if bend < 0.0 else 0.0)


def _best_ways(strength: Values, period: float) -> tuple[Values, NDArray[np.int64]]:
    """For each window the score of the best way that ends with a beat there, and the beat before it, -1 for none."""
    back = np.arange(-round(2.0 * period), -max(1, round(0.5 * period)) + 1)
    cost = -TIGHTNESS * np.log(-back / period) ** 2
    best, before = strength.copy(), np.full(len(strength), -1, np.int64)
    begun = False
    for at in range(len(strength)):
        first = max(0, -(at + int(back[0])))
        if first < len(back) and begun:
            ways = best[at + back[0] + first : at + back[-1] + 1] + cost[first:]
            way = int(np.argmax(ways))
            if ways[way] > 0.0:
                best[at] += ways[way]
                before[at] = at + back[first + way]
        begun = begun or strength[at] > 0.0
    return best, before
