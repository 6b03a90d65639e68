"""Where something begins in a sound: a drum, a note, a word."""

import itertools
import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .bands import Band
from .loudness import SILENCE
from .recording import Recording, Values
from .spectrum import Hops, powers

WINDOW = 0.023
"""Seconds; short, because what begins inside a window is placed at one point of it."""
LOWEST, BANDS = 40.0, 19
"""Hz of the lowest band, and how many edges there are, the last at 20 kHz."""
COMPRESSION = 10.0
NEAR, AROUND, APART = 0.03, 0.15, 0.06
"""Seconds: an onset is the highest this near, stands out of the mean around it, and is this far from the one before."""
LEAST, LEAST_PART = 0.2, 0.12
"""How far it stands out at least: in nats, and as a part of the highest of all."""


def onset_hops(sound: Recording, frames: int, frame_rate: float) -> Hops:
    """The windows in which onsets are sought."""
    return Hops.of(sound, frames, frame_rate, WINDOW)


def onset_strength(sound: Recording, hops: Hops) -> Values:
    """Spectral flux, (windows): how much louder half octaves have become since the window before, on average, in nats.

    ``mean over bands of max(0, Y_m - Y_(m-1))`` with ``Y = log(1 + 10 sqrt(P) / r)``, where P is the power of a band
    and r the root mean square of the sound (Bello et al., A Tutorial on Onset Detection in Music Signals, 2005; Böck
    et al., Evaluating the Online Capabilities of Onset Detection Methods, 2012). Windows that reach past the end count
    as no onset: cutting a sound off makes a noise of its own.
    """
    length = sound.samples.shape[-1]
    mean = math.sqrt(float(sound.samples.square().mean(dtype=torch.float64)))
    if mean < SILENCE or sound.rate <= 2 * LOWEST:
        return np.zeros(len(hops))
    shares = _half_octaves(sound.rate, hops.window)
    before, flux = torch.zeros(1, shares.shape[1]), []
    for part in powers(sound, hops):
        loud = torch.log1p(COMPRESSION / mean * (part @ shares).sqrt())
        flux.append((loud - torch.cat([before, loud[:-1]])).clamp(min=0.0).mean(1))
        before = loud[-1:]
    strength = torch.cat(flux).double().numpy()
    strength[hops.seconds * sound.rate + hops.window / 2 > length] = 0.0
    return strength


def find_onsets(strength: Values, rate: float) -> NDArray[np.int64]:
    """The windows in which something begins, rising.

    Args:
        strength: as of `onset_strength`.
        rate: windows per second.
    """
    near, around = (max(1, round(seconds * rate)) for seconds in (NEAR, AROUND))
    highest = np.lib.stride_tricks.sliding_window_view(np.pad(strength, near), 2 * near + 1).max(-1)
    mean = _mean_around(strength, around)
    needed = max(LEAST, LEAST_PART * float((strength - mean).max()))
    peaks = np.flatnonzero((strength == highest) & (strength - mean >= needed))
    found: list[int] = []
    for peak in peaks.tolist():
        if not found or peak - found[-1] > APART * rate:
            found.append(peak)
    return np.array(found, dtype=np.int64)


def pulses(seconds: Values, heights: Values, frames: int, frame_rate: float) -> Values:
    """What happens at some moments, as (frames): the height of the highest one in a frame, 0 where there is none."""
    values = np.zeros(frames)
    at = np.floor(seconds * frame_rate + 1e-6).astype(np.int64)
    inside = (at >= 0) & (at < frames)
    np.maximum.at(values, at[inside], heights[inside])
    return values


def _half_octaves(rate: int, window: int) -> Tensor:
    """What each bin adds to each band, (bins, bands), up to half the sample rate."""
    edges = [LOWEST * 2.0 ** (step / 2) for step in range(BANDS)]
    bands = [Band(low, high) for low, high in itertools.pairwise(edges) if low < rate / 2]
    return torch.stack([band.shares(rate, window) for band in bands], 1)


def _mean_around(values: Values, around: int) -> Values:
    total = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    first, last = np.maximum(places - around, 0), np.minimum(places + around + 1, len(values))
    return (total[last] - total[first]) / (last - first)
