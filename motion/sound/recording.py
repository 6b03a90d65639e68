"""A sound, and which of its samples belong to a frame of the clip."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Values = NDArray[np.float64]


class SoundError(ValueError):
    """A sound cannot be used; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A sound of any number of channels; before its first sample and after its last there is silence."""

    samples: Tensor
    """(channels, samples), float32, finite; 1 is full scale."""
    rate: int
    """Samples per second."""

    @classmethod
    def checked(cls, samples: Tensor, rate: int) -> "Recording":
        """A recording of samples that came from elsewhere.

        Raises:
            SoundError: there are none, no rate, or some that are not finite.
        """
        if samples.ndim != 2 or 0 in samples.shape or rate <= 0:
            raise SoundError("The sound is empty: it has no samples or no sample rate. Connect another one.")
        samples = samples.detach().to("cpu", torch.float32)
        if not bool(samples.isfinite().all()):
            raise SoundError("The sound holds NaN or infinite values. Connect another one.")
        return cls(samples, rate)

    def frames(self, frame_rate: float) -> int:
        """How many frames the sound has, the last one perhaps with silence at its end."""
        return max(1, math.ceil(round(self.samples.shape[-1] * frame_rate / self.rate, 6)))

    def edges(self, frames: int, frame_rate: float) -> NDArray[np.int64]:
        """The first sample of each frame and of the one after the last, (frames + 1).

        Frame k has the samples n with ``k rate / frame_rate <= n < (k + 1) rate / frame_rate``.
        """
        places = np.arange(frames + 1) * (self.rate / frame_rate)
        # a place that is whole but for rounding is that sample, not the one after it
        return np.ceil(places - 1e-6).astype(np.int64)
