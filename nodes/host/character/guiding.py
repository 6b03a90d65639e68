"""What guides add to the layers of a denoising UNet in one call of the model.

The patches have no state: they find the guides in the call's own copy of ``transformer_options``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch.nn.functional as F
from comfy.patcher_extension import WrappersMP
from einops import rearrange
from torch import Tensor

from ....motion.character import AT_LATENT, Entry
from ....motion.values import MotionValue, in_picture
from ..options import GUIDES
from ..temporal import Acting


@dataclass(frozen=True, eq=False)
class ActingGuide(Acting):
    """What a guide adds in one call, to conditional and unconditional rows alike."""

    maps: Mapping[Entry, Tensor]
    """(frames of the call, or 1 for all of them, channels, height, width) each."""
    numbers: Sequence[int]
    """Frames of the call, by their numbers in the clip."""
    strength: MotionValue
    """Without keyframes."""
    masks: dict[Any, Tensor] = field(default_factory=dict)

    def into(self, options: dict[str, Any]) -> None:
        """Have the host ask us behind every block of the way down, and before the first."""
        if GUIDES not in options:
            patches = options.get("patches", {})
            own = {"input_block_patch": seen_by_skip, "input_block_patch_after_skip": behind_skip}
            options["patches"] = {**patches, **{name: [*patches.get(name, ()), own[name]] for name in own}}
            wrappers = options.get("wrappers", {})
            type = WrappersMP.DIFFUSION_MODEL
            options["wrappers"] = {**wrappers, type: {**wrappers.get(type, {}), GUIDES: [entering]}}
        options[GUIDES] = (*options.get(GUIDES, ()), self)

    def at(self, entry: Entry, h: Tensor) -> Tensor:
        """``h``, (conditionings * frames, channels, height, width), with the map that enters at a place."""
        part = self.maps.get(entry)
        if part is None:
            return h
        size = (h.shape[2], h.shape[3])
        strength = in_picture(self.strength.over(self.numbers, size, h.device, self.masks), size)
        if part.shape[2:] != size:
            # Deep Shrink makes the blocks behind it smaller, and so the map that was meant for them
            part = F.interpolate(part.float(), size, mode="bilinear", align_corners=False, antialias=True)
        part = part.to(h.dtype)
        if isinstance(strength, Tensor):
            part = part * strength.to(h)
        elif strength != 1.0:
            part = part * strength
        rows = rearrange(h, "(n f) c h w -> n f c h w", f=len(self.numbers)) + part
        return rearrange(rows, "n f c h w -> (n f) c h w")


def _guided(h: Tensor, entry: Entry, options: Mapping[str, Any]) -> Tensor:
    for guide in options[GUIDES]:
        h = guide.at(entry, h)
    return h


def seen_by_skip(h: Tensor, options: dict[str, Any]) -> Tensor:
    """Host patch ``input_block_patch``, before the skip connection is stored."""
    return _guided(h, Entry(options["block"], True), options)


def behind_skip(h: Tensor, options: dict[str, Any]) -> Tensor:
    """Host patch ``input_block_patch_after_skip``."""
    return _guided(h, Entry(options["block"], False), options)


def entering(executor: Any, x: Tensor, *rest: Any, **more: Any) -> Tensor:
    """Adds what belongs to the noisy latent before the UNet sees it (host wrapper ``DIFFUSION_MODEL``)."""
    options = rest[4] if len(rest) > 4 else more["transformer_options"]
    return executor(_guided(x, AT_LATENT, options), *rest, **more)
