"""Naive reuse: every stretch of a long clip takes over some of what the first window predicts."""

import torch
from torch import Tensor

from ..values import Strength


def reuse_first(fused: Tensor, first: Tensor, share: Strength) -> Tensor:
    """Mix w p + (1 - w) x for each stretch of the clip as long as the first window; the last one may be shorter.

    Args:
        fused: x, the prediction of the whole clip, (frames, channels, height, width).
        first: p, the prediction of the first window, (frames of a window, channels, height, width).
        share: w, a number or broadcastable to the clip.
    """
    repeated = first[[frame % first.shape[0] for frame in range(fused.shape[0])]]
    return torch.lerp(fused, repeated, share.to(fused) if isinstance(share, Tensor) else share)
