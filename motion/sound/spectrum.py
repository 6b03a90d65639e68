"""Short-time Fourier transforms at places that divide the frames of a clip evenly."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .recording import Recording, Values

AT_ONCE = 1 << 20
"""Samples that are transformed together, to bound memory."""


@dataclass(frozen=True)
class Hops:
    """Windows over a sound: several for each frame, with their centres evenly in it."""

    frames: int
    frame_rate: float
    in_frame: int
    """Windows of a frame."""
    window: int
    """Samples of a window, a power of two."""

    @classmethod
    def of(cls, sound: Recording, frames: int, frame_rate: float, seconds: float, rate: float = 100.0) -> "Hops":
        """Windows of about so many seconds, at least ``rate`` of them in a second and one for each frame."""
        window = 1 << max(4, round(math.log2(seconds * sound.rate)))
        return cls(frames, frame_rate, max(1, math.ceil(rate / frame_rate)), window)

    @property
    def rate(self) -> float:
        """Windows per second."""
        return self.frame_rate * self.in_frame

    @property
    def seconds(self) -> Values:
        """The middle of each window, ``(m + 1/2) / rate``."""
        return np.arange(0.5, len(self), dtype=np.float64) / self.rate

    def __len__(self) -> int:
        return self.frames * self.in_frame


def powers(sound: Recording, hops: Hops) -> Iterator[Tensor]:
    """Power spectra, in parts of (windows, bins); bin b is ``b rate / window`` Hz, the last one half the sample rate.

    With the periodic Hann window w and its transform X,
    ``P_b = c_b |X_b|^2 / (N sum w^2)``, where c is 1 for the first and the last bin and 2 between, and channels are
    averaged. By Parseval the bins of a steady sound add up to its mean square.
    """
    size = hops.window
    window = torch.hann_window(size, dtype=torch.float32)
    scale = torch.full((size // 2 + 1,), 2.0 / (size * float(window.square().sum())))
    scale[[0, -1]] /= 2.0
    # halves go up, whatever rounding has made of them
    centres = torch.from_numpy(np.floor(hops.seconds * sound.rate + 0.5 + 1e-6)).long()
    channels, length = sound.samples.shape
    padded = F.pad(sound.samples, (size, size))
    # a window past the end lies in the silence behind it
    starts = (centres + size // 2).clamp(max=length + size)
    windows = padded.unfold(-1, size, 1)
    for part in starts.split(max(1, AT_ONCE // (size * channels))):
        transformed = torch.fft.rfft(windows[:, part] * window)
        yield torch.view_as_real(transformed).square().sum(-1).mean(0) * scale
