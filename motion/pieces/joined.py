"""The pieces of a clip as one clip again, one faded into the other."""

import numpy as np
import torch
from torch import Tensor

from .levels import fractions
from .store import Store


class Joined:
    """The frames of all pieces, read when they are asked for.

    Args:
        store: has every piece.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        size = store.shape
        assert size is not None
        self.shape = (store.plan.frames, *size)
        """Frames, height, width, channels."""

    def __getitem__(self, part: slice, /) -> Tensor:
        """Some frames that follow one another, in 0..1."""
        start, stop, _ = part.indices(self.shape[0])
        count = max(0, stop - start)
        frames = np.zeros((count, *self.shape[1:]), np.float32)
        total = np.zeros(count, np.float32)
        for piece in self._store.plan.pieces:
            first, end = max(start, piece.first), min(stop, piece.end)
            if first >= end:
                continue
            inside, here = slice(first - piece.first, end - piece.first), slice(first - start, end - start)
            weights = self._store.plan.weights(piece)[inside]
            frames[here] += fractions(self._store.read(piece.number)[inside]) * weights[:, None, None, None]
            total[here] += weights
        frames /= total[:, None, None, None]
        return torch.from_numpy(frames)
