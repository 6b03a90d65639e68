"""Clips from what was learnt so far, in the rough colours that the host shows latents in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from ....motion.clips import Batch
from ....motion.training import Network, Noising, sampled

STEPS = 12
FRAMES = 8
"""Shown of a clip at most."""


@dataclass(frozen=True)
class Previews:
    """What is sampled again and again, always from the same noise."""

    network: Network
    noising: Noising
    like: Batch
    """A clip whose text is used, and whose size."""
    empty: Tensor
    """(tokens, width), the text for none."""
    latent_format: Any
    """The host's."""

    def strip(self, between: Callable[[], None]) -> Tensor | None:
        """Frames of a clip side by side, (height, width, 3) in 0..1; None if the host has no colours for its latents.

        Args:
            between: is called before each step of the sampling, and may raise.
        """
        factors = getattr(self.latent_format, "latent_rgb_factors", None)
        if factors is None:
            return None
        shape = (1, *self.like.latents.shape[1:])
        context = self.like.context[:1]
        empty = self.empty.to(context).expand_as(context) if self.empty.shape == context.shape[1:] else context
        more = {name: tensor[:1] for name, tensor in self.like.more.items()}
        latents = sampled(self.network, self.noising, context, empty, shape, STEPS, between=between, more=more)[0]
        frames = latents.movedim(1, 0)
        frames = frames[:: -(-frames.shape[0] // FRAMES)]
        colours = torch.tensor(factors).to(frames)
        pictures = rearrange(frames, "f c h w -> h (f w) c") @ colours
        bias = getattr(self.latent_format, "latent_rgb_factors_bias", None)
        if bias is not None:
            pictures = pictures + torch.tensor(bias).to(pictures)
        return (pictures + 1.0) / 2.0
