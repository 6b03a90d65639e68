"""What a denoising UNet of Animate Anyone is shown of a character and its poses while something is learnt."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from einops import rearrange
from torch import Tensor

from ....motion.character import Guider
from ....motion.values import ONE
from ..character import ActingGuide, ReferenceNet
from ..temporal import HANDLER
from .handler import LearningHandler, learning_options
from .looking import Looking

REFERENCE, POSES = "reference", "poses"
"""Names of `motion.clips.Batch.more`: (clips, 4, height, width), not scaled yet, and (clips, 3, frames, height, width)
in 0..1."""


@dataclass(frozen=True, eq=False)
class Character:
    """The two networks that look at pictures.

    A clip whose embedding is zeros has no character: the ReferenceNet is left out, as in the half without guidance.
    """

    copied: ModelPatcher
    reference: ReferenceNet
    guider: Guider
    learnt: bool
    """Whether they get gradients."""
    checkpointing: bool = True

    def into(self, options: dict[str, Any], frames: int, context: Tensor, more: Mapping[str, Tensor]) -> None:
        """See `nodes.host.training.network.Shown`."""
        looks = context.flatten(1).abs().amax(1) > 0
        with torch.set_grad_enabled(self.learnt and torch.is_grad_enabled()):
            maps = self._maps(more[POSES], context)
            read = self._read(more[REFERENCE], context, looks) if bool(looks.any()) else {}
        entries = dict(zip(self.guider.entries, maps, strict=True))
        ActingGuide(entries, range(context.shape[0] * frames), ONE).into(options)
        if read:
            Looking(self.copied.model.diffusion_model, read, looks.tolist(), frames).into(options)

    def _read(self, latents: Tensor, context: Tensor, looks: Tensor) -> dict[Any, Tensor]:
        scaled: Tensor = self.copied.model.process_latent_in(latents)
        handler = LearningHandler(HANDLER, self.checkpointing and torch.is_grad_enabled(), nullcontext)
        return self.reference.read(scaled.to(context)[looks], context[looks], learning_options(handler))

    def _maps(self, poses: Tensor, like: Tensor) -> list[Tensor]:
        clips = rearrange(poses.to(like), "b c f h w -> b f c h w")
        if self.guider.per_window:
            each = [self.guider(clip) for clip in clips]
            return [torch.cat(parts) for parts in zip(*each, strict=True)]
        together = rearrange(clips, "b f c h w -> (b f) c h w")
        return self.guider(together) if torch.is_grad_enabled() else self.guider.features(together)
