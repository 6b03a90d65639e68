"""Entries of a tensor along an axis, without a copy where they lie evenly."""

from collections.abc import Sequence

import torch
from torch import Tensor


def pick(tensor: Tensor, indices: Sequence[int], axis: int) -> Tensor:
    """The entries of these numbers along an axis: a view if they lie evenly and forwards, or are all the same."""
    step = even_step(indices)
    if step is None or step < 0:
        return tensor.index_select(axis, torch.tensor(indices, device=tensor.device))
    if step == 0:
        shape = list(tensor.shape)
        shape[axis] = len(indices)
        return tensor.narrow(axis, indices[0], 1).expand(shape)
    return tensor[(slice(None),) * axis + (slice(indices[0], indices[-1] + 1, step),)]


def even_step(indices: Sequence[int]) -> int | None:
    """How far all frames lie apart, None if they do so unevenly."""
    if isinstance(indices, range):
        return indices.step
    if len(indices) < 2:
        return 1
    step = indices[1] - indices[0]
    even = range(indices[0], indices[0] + step * len(indices), step) if step else [indices[0]] * len(indices)
    return step if list(even) == list(indices) else None
