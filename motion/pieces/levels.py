"""Frames as whole numbers, as files have them, and back."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class Frames(Protocol):
    """Frames, (frames, height, width, 3 or 4) in 0..1, as a tensor or as something that makes them when asked."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, height, width, channels."""
        ...

    def __getitem__(self, part: slice, /) -> Tensor:
        """Some frames that follow one another."""
        ...


def levels(frames: Frames, at_once: int, kind: np.dtype) -> Iterator[np.ndarray]:
    """Frames as uint8 or uint16, a few at a time; what is no number is black."""
    most = np.iinfo(kind).max
    for start in range(0, frames.shape[0], at_once):
        part = torch.nan_to_num(frames[start : start + at_once].float().cpu()).mul(most).round_().clamp_(0, most)
        yield part.numpy().astype(kind)
        del part  # so that the next one is made when this one is gone


def fractions(stored: np.ndarray) -> np.ndarray:
    """Whole numbers as float32 in 0..1."""
    return np.divide(stored, np.float32(np.iinfo(stored.dtype).max), dtype=np.float32)
