"""Clips as single pictures, which is how a domain adapter learns their look (AnimateDiff, section 4.1)."""

from dataclasses import replace

import torch

from ..clips import Batch
from .drawing import Draws


def single_frames(batch: Batch, seed: int, number: int) -> Batch:
    """One frame of each clip, another one each time.

    Args:
        number: of the batch.
    """
    clips, frames = batch.latents.shape[0], batch.latents.shape[2]
    chosen = Draws(seed, number).whole(clips, frames, "single frame")
    rows = torch.arange(clips)
    return replace(batch, latents=batch.latents[rows, :, chosen].unsqueeze(2))
