"""How strong a range of frequencies is at each frame."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .recording import Recording, Values
from .spectrum import Hops, powers

WINDOW, RATE = 0.046, 50.0
"""Seconds, 2048 samples at 44.1 and 48 kHz: fine enough to part a bass drum from a voice. Windows per second."""


@dataclass(frozen=True)
class Band:
    """Frequencies in Hz, ``low <= f < high``."""

    low: float
    high: float = math.inf

    def told(self) -> str:
        """The band in a sentence."""
        return f"from {self.low:g} Hz on" if math.isinf(self.high) else f"from {self.low:g} to {self.high:g} Hz"

    def shares(self, rate: int, window: int) -> Tensor:
        """The part of each bin that lies in the band, (bins), float32 in 0..1.

        Bin b of N samples stands for the frequencies from ``(b - 1/2) rate / N`` to ``(b + 1/2) rate / N``, so that
        bands that adjoin share a bin, add up to the whole, and may be narrower than a bin.
        """
        step = rate / window
        centres = torch.arange(window // 2 + 1, dtype=torch.float64) * step
        low, high = (centres - step / 2).clamp(min=0.0), (centres + step / 2).clamp(max=rate / 2)
        inside = high.clamp(max=self.high) - low.clamp(min=self.low)
        return (inside.clamp(min=0.0) / (high - low)).float()


BANDS: Mapping[str, Band] = {"low": Band(20.0, 250.0), "mid": Band(250.0, 4000.0), "high": Band(4000.0)}
"""Bass and drums, voices and most instruments, and cymbals, as equalizers divide them."""


def band_levels(sound: Recording, band: Band, frames: int, frame_rate: float) -> Values:
    """Root mean square of what a sound has in a band at each frame, (frames), on the scale of `frame_levels`.

    ``sqrt(mean over the windows of a frame of sum_b share_b P_b)``, see `powers`.
    """
    heard = min(frames, sound.frames(frame_rate))
    hops = Hops.of(sound, heard, frame_rate, WINDOW, RATE)
    shares = band.shares(sound.rate, hops.window)
    energy = torch.cat([part @ shares for part in powers(sound, hops)]).double().numpy()
    # half a window still hears the end of the sound
    energy[hops.seconds * sound.rate >= sound.samples.shape[-1]] = 0.0
    levels = np.zeros(frames)
    levels[:heard] = np.sqrt(energy.reshape(heard, hops.in_frame).mean(1))
    return levels
