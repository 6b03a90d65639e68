"""The sound of a clip: how it comes, and how it is made as long as the frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

PART_SAMPLES = 1 << 18
CUT, PAD, LOOP, SHORTEN, SILENT = "cut", "pad with silence", "loop", "shorten the clip", "none"
ENDINGS = (CUT, PAD, LOOP, SHORTEN, SILENT)
"""What happens where sound and frames are not equally long."""


class Heard(Protocol):
    """Sound that is read part by part, as often as somebody asks."""

    @property
    def rate(self) -> int:
        """Samples a second."""
        ...

    @property
    def channels(self) -> int:
        """How many there are."""
        ...

    def parts(self) -> Iterator[np.ndarray]:
        """Pieces that follow one another, (samples, channels) float32."""
        ...


@dataclass(frozen=True)
class Sound:
    """Audio for a clip: (channels, samples) float32 and the sample rate in Hz."""

    samples: Tensor
    rate: int

    @property
    def channels(self) -> int:
        """How many there are."""
        return self.samples.shape[0]

    def parts(self) -> Iterator[np.ndarray]:
        """Pieces that follow one another, (samples, channels) float32."""
        for part in self.samples.split(PART_SAMPLES, dim=1):
            yield np.ascontiguousarray(torch.nan_to_num(part.float()).t().cpu().numpy())


def seconds(sound: Heard) -> float:
    """How long it is."""
    return sum(len(part) for part in sound.parts()) / sound.rate


def write_sound(sound: Heard, path: Path, duration: float, ending: str) -> Path:
    """Write samples one after the other, at most as many as the duration in seconds has.

    Args:
        ending: one of `ENDINGS`: whether silence or the beginning follows where the sound is shorter.
    """
    wanted = -int(-duration * sound.rate // 1)
    with path.open("wb") as file:
        for part in _endless(sound) if ending == LOOP else sound.parts():
            taken = part[:wanted]
            file.write(np.ascontiguousarray(taken, np.float32).data)
            wanted -= len(taken)
            if wanted <= 0:
                break
        while ending == PAD and wanted > 0:
            taken = np.zeros((min(wanted, PART_SAMPLES), sound.channels), np.float32)
            file.write(taken.data)
            wanted -= len(taken)
    return path


def _endless(sound: Heard) -> Iterator[np.ndarray]:
    heard = True
    while heard:  # unless there is nothing to repeat
        heard = False
        for part in sound.parts():
            heard = heard or len(part) > 0
            yield part
