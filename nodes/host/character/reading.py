"""What the self-attentions of a denoising UNet read in pictures of a character, in one call of the model.

A token of a frame attends to its own frame and to the pictures, in one softmax: the paper (arXiv 2311.17117, section
3.2) puts both side by side, attends and keeps the first half. Rows without a character (unconditional ones) attend to
themselves alone. The pictures' keys and values are made once a call, not once a frame.

The patch has no state: it finds what it works from in the call's own copy of ``transformer_options``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import comfy.ldm.modules.attention as attention
import torch
from comfy.ldm.modules.attention import SpatialTransformer
from einops import rearrange
from torch import Tensor

from ....motion.character import CharacterError
from ....motion.values import MotionValue, Strength
from ..options import REFERENCE_NET
from ..sampling import Call
from ..temporal import Acting
from .network import LayerName
from .picture import Bank

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]
UNCONDITIONAL = 1
"""In the host's ``cond_or_uncond``."""


@dataclass(frozen=True)
class Group:
    """Pictures that are looked at together, and how strongly."""

    pictures: Sequence[int]
    """Their numbers in the bank."""
    value: MotionValue
    """Without keyframes."""


@dataclass(frozen=True, eq=False)
class Reading(Acting):
    """What one call of the model reads."""

    bank: Bank
    groups: Sequence[Group]
    kinds: Sequence[int]
    """The host's ``cond_or_uncond``."""
    call: Call
    unet: Any
    masks: dict[Any, Tensor]
    kept: dict[tuple[int, int], Sequence[Strength]] = field(default_factory=dict)
    """The share of each group, by resolution."""

    def into(self, options: dict[str, Any]) -> None:
        """Have the host ask us for every self-attention that no other node has replaced."""
        if UNCONDITIONAL in self.kinds and len(set(self.kinds)) == 1:
            return
        replaced = options.get("patches_replace", {})
        taken = replaced.get("attn1", {})
        free = {place: attend for place in self.bank.read if not is_taken(place, taken)}
        options["patches_replace"] = {**replaced, "attn1": {**taken, **free}}
        options[REFERENCE_NET] = self

    def attend(self, q: Tensor, k: Tensor, v: Tensor, extra: dict[str, Any]) -> Tensor:
        """The self-attention of all conditionings of the call; (rows, tokens, channels) each."""

        def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            heads, precision = extra["n_heads"], extra["attn_precision"]
            return attention.optimized_attention(q, k, v, heads, attn_precision=precision, transformer_options=extra)

        place: LayerName = (*extra["block"], extra["block_index"])
        keys, values = self._seen(place, q)
        shares = self._shares(extra["activations_shape"][2:], q)
        each = zip(self.kinds, *(part.chunk(len(self.kinds)) for part in (q, k, v)), strict=True)
        rows = [
            attended(*own) if kind == UNCONDITIONAL else self._read(attended, own, keys, values, shares)
            for kind, *own in each
        ]
        return rows[0] if len(rows) == 1 else torch.cat(rows)

    def _read(
        self, attended: Attention, own: Sequence[Tensor], keys: Tensor, values: Tensor, shares: Sequence[Strength]
    ) -> Tensor:
        """The rows of one conditioning: what they see alone and with each group, by the groups' shares."""
        q, k, v = own
        rest: Strength = 1.0 - sum(shares)
        out = None if isinstance(rest, float) and rest == 0.0 else rest * attended(q, k, v)
        for group, share in zip(self.groups, shares, strict=True):
            seen = attended(q, _beside(k, keys, group.pictures), _beside(v, values, group.pictures))
            part = seen if isinstance(share, float) and share == 1.0 else share * seen
            out = part if out is None else out + part
        return out  # type: ignore[return-value]

    def _seen(self, place: LayerName, like: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the pictures, (pictures, tokens, channels), through the layer's own weights."""
        read = self.bank.read[place].to(like)
        layer = _self_attention(self.unet, place)
        return layer.to_k(read), layer.to_v(read)

    def _shares(self, size: Sequence[int], like: Tensor) -> Sequence[Strength]:
        """How much of its own each group gives at the frames and pixels of a layer; together 1 at most."""
        height, width = size
        if (height, width) not in self.kept:
            numbers, masks = self.call.numbers, self.masks
            shares = [group.value.over(numbers, (height, width), like.device, masks) for group in self.groups]
            total = sum(shares)
            if isinstance(total, Tensor):
                shares = [share / total.clamp(min=1.0) for share in shares]
            else:
                shares = [share / max(total, 1.0) for share in shares]
            self.kept[height, width] = [
                share[..., None].to(like) if isinstance(share, Tensor) else share for share in shares
            ]
        shares = self.kept[height, width]
        rows, tokens = like.shape[0] // len(self.kinds), like.shape[1]
        if (rows, tokens) != (self.call.together, height * width) and any(isinstance(each, Tensor) for each in shares):
            raise CharacterError(
                "Another node cuts the frames into tiles or leaves pixels out, so that the strength of Reference "
                "Picture cannot differ from frame to frame or from place to place. Take that node out (HyperTile, "
                "Token Merging), or use one number."
            )
        return shares


def _beside(own: Tensor, seen: Tensor, pictures: Sequence[int]) -> Tensor:
    """Own keys or values, and behind them those of some pictures, the same for each row."""
    chosen = seen if len(pictures) == seen.shape[0] else seen[list(pictures)]
    tokens = rearrange(chosen, "n t c -> 1 (n t) c").expand(own.shape[0], -1, -1)
    return torch.cat([own, tokens], dim=1)


def _self_attention(unet: Any, place: LayerName) -> Any:
    side, number, index = place
    block = unet.middle_block if side == "middle" else getattr(unet, f"{side}_blocks")[number]
    transformer = next(layer for layer in block if isinstance(layer, SpatialTransformer))
    return transformer.transformer_blocks[index].attn1


def is_taken(place: LayerName, replaced: Mapping[Any, Any]) -> bool:
    """Whether another node replaces the self-attention at a place."""
    return place in replaced or place[:2] in replaced


@torch.compiler.disable
def attend(q: Tensor, k: Tensor, v: Tensor, extra: dict[str, Any]) -> Tensor:
    """Host patch ``attn1`` replace."""
    return extra[REFERENCE_NET].attend(q, k, v, extra)
