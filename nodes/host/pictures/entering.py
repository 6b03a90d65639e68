"""What pictures add to the layers of the UNet, its first one among them, where PIA's enter beside the noisy latents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import comfy.utils
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ....motion.formats import LATENT, Block
from ....motion.values import ONE, MotionValue, Strength, in_picture
from ..options import MOTION
from ..patching import put_first
from ..temporal import PATCH, Acting, Runtime, other_handler

FIRST: Block = ("input", 0)
"""The UNet's first layer, a convolution."""
NAME = "diffusion_model.input_blocks.0.0"
"""Its name in the host's model."""


@dataclass(frozen=True, eq=False)
class ActingPicture(Acting):
    """What a picture adds to the UNet in one call."""

    parts: Mapping[Block, Tensor]
    """By block: (frames of the call, or 1 for all of them, channels, height, width)."""
    numbers: Sequence[int]
    strength: MotionValue = ONE
    masks: dict[Any, Tensor] = field(default_factory=dict)
    first: type = torch.nn.Conv2d
    """The class of the UNet's first layer."""
    change: tuple[Tensor, Tensor] | None = None
    """Added to that layer's weights of the noisy latents and to its bias."""

    def into(self, options: dict[str, Any]) -> None:
        """Have the host ask us to run the UNet's first layer, where no temporal transformer is."""
        if FIRST in self.parts:
            put_first(options, PATCH, (self.first, entering))

    def added(self, block: Block, x: Tensor, effect: MotionValue) -> Tensor:
        """``x`` with what belongs to a block, as strongly as the motion model acts."""
        part = self.parts.get(block)
        return x if part is None else self._with(part, x, effect)

    def entered(self, x: Tensor, h: Tensor, effect: MotionValue) -> Tensor:
        """The first layer's output with what belongs to it, as strongly as the motion model acts.

        Args:
            x: its input, the noisy latents before the channels of other conditions.
            h: its output.
        """
        part = self.parts.get(FIRST)
        if part is None:
            return h
        if self.change is not None:
            weight, bias = self.change
            changed = F.conv2d(x[:, :LATENT], weight.to(x), bias.to(x), padding=1)
            part = part + rearrange(changed, "(n f) c h w -> n f c h w", f=len(self.numbers))
        return self._with(part, h, effect)

    def _with(self, part: Tensor, x: Tensor, effect: MotionValue) -> Tensor:
        size = (x.shape[2], x.shape[3])
        how = (self.strength * effect).over(self.numbers, size, x.device, self.masks)
        changed = rearrange(x, "(n f) c h w -> n f c h w", f=len(self.numbers)) + part * spread(how, size, x)
        return rearrange(changed, "n f c h w -> (n f) c h w")


@torch.compiler.disable
def entering(layer: Any, x: Tensor, emb: Tensor, context: Tensor | None, options: dict[str, Any], *rest: Any) -> Tensor:
    """Run the first layer with what pictures put beside the noisy latents (patch ``forward_timestep_embed_patch``)."""
    other = other_handler(entering, layer, options)
    h = layer(x) if other is None else other(layer, x, emb, context, options, *rest)
    if options["block"] != FIRST:
        return h
    runtime: Runtime = options[MOTION]
    for each in runtime.layers:
        for acting in each.acting:
            if isinstance(acting, ActingPicture):
                h = acting.entered(x, h, each.effect)
    return h


def first_layer(base: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias of the UNet's first layer as the checkpoint has them.

    LoRAs are left out, wherever the host has put them, so that they keep their effect beside another layer's weights.
    """
    return _own(base, f"{NAME}.weight"), _own(base, f"{NAME}.bias")


def _own(base: Any, key: str) -> Tensor:
    patcher = base.current_patcher
    if key in patcher.backup:
        return patcher.backup[key].weight
    if key in patcher.hook_backup:
        return patcher.hook_backup[key][0]
    return comfy.utils.get_attr(base, key)


def spread(strength: Strength, size: tuple[int, int], like: Tensor) -> Strength:
    """A strength over the places of a picture, in the dtype and on the device of what it multiplies."""
    placed = in_picture(strength, size)
    return placed.to(like) if isinstance(placed, Tensor) else placed
