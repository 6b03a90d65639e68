"""What one step of a training learns from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .errors import ClipsError


@dataclass(frozen=True, eq=False)
class Batch:
    """Some clips with their texts, in memory."""

    latents: Tensor
    """(clips, channels, frames, height, width) float32, as the VAE gives them and ComfyUI's LATENT carries them: the
    model that learns scales them, as its `process_latent_in` does."""
    context: Tensor
    """(clips, tokens, width) float32, what the text encoder gives; for a caption that is dropped that of an empty
    one."""
    clips: tuple[int, ...]
    """Which of the data set's clips these are, by their places in it."""
    more: Mapping[str, Tensor] = field(default_factory=dict)
    """What else the network is shown, by names that it knows; clips come first in each."""

    def __len__(self) -> int:
        return self.latents.shape[0]


def joined(latents: Sequence[Tensor], context: Sequence[Tensor], clips: Sequence[int]) -> Batch:
    """Put clips together.

    Texts of several lengths are repeated to the length that all of them divide: attention over keys that are all there
    n times is attention over the keys, so that no text changes.

    Args:
        latents: each (channels, frames, height, width).
        context: each (tokens, width).

    Raises:
        ClipsError: the clips are not alike, or the texts come from different encoders.
    """
    shapes = {tuple(each.shape) for each in latents}
    if len(shapes) > 1:
        told = " and ".join("x".join(map(str, shape)) for shape in sorted(shapes))
        raise ClipsError(
            f"The clips of one batch have latents of {told} (channels, frames, height, width). Prepare all of them "
            "with one size and one number of frames, or set batch_size to 1."
        )
    widths = {each.shape[1] for each in context}
    if len(widths) > 1:
        raise ClipsError(
            f"The texts of one batch are {' and '.join(map(str, sorted(widths)))} numbers wide. Prepare all of them "
            "with the text encoder of one model."
        )
    tokens = math.lcm(*(each.shape[0] for each in context))
    texts = [each.float().repeat(tokens // each.shape[0], 1) for each in context]
    return Batch(torch.stack([each.float() for each in latents]), torch.stack(texts), tuple(clips))
