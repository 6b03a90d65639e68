"""Clips as single pictures, which is how a domain adapter learns their look (AnimateDiff, section 4.1)."""

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

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


class Picked(NamedTuple):
    """Frames of clips, by their numbers in each, (clips,)."""

    shown: Tensor | None
    """The one that is learnt from, nothing where all of them are."""
    reference: Tensor
    """The one that shows what somebody looks like."""


def picked_frames(draws: Draws, clips: int, frames: int, single: bool) -> Picked:
    """Where Animate Anyone looks for a character and where it learns to draw it (arXiv 2311.17117, section 3.3).

    Args:
        frames: of each clip, at least 2.
        single: learn from one frame, the reference being another one of the same clip; or else from all of them.
    """
    if not single:
        return Picked(None, draws.whole(clips, frames, "reference"))
    shown, other = draws.whole(clips, frames, "single frame"), draws.whole(clips, frames - 1, "reference")
    return Picked(shown, other + (other >= shown))
