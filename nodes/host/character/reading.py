"""What the self-attentions of a denoising UNet read in pictures of a character, in one call of the model.

A token of a frame attends to its own frame and to the pictures, in one softmax: the paper (arXiv 2311.17117, section
3.2) puts both side by side, attends and keeps the first half. Rows without a character (unconditional ones) attend to
themselves alone. The pictures' keys and values are made once a call, not once a frame.

The host calls two functions of ours: `mark`, an ``attn1_patch``, says that a self-attention comes, and `attend`, the
host's ``optimized_attention_override``, runs it; `check_attended` makes sure that it did. Keys and values then die
where the host's own do, in the layer, and not behind the feed-forward as those of a replaced attention would. All find
what they work from in the call's own copy of ``transformer_options``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from comfy.ldm.modules.attention import SpatialTransformer
from einops import rearrange
from torch import Tensor

from ....motion.character import CharacterError
from ....motion.values import MotionValue, Strength
from ..options import READING
from ..sampling import Call
from ..temporal import Acting
from .network import LayerName
from .picture import Bank

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]
Marked = tuple[Tensor, Tensor | None, Tensor | None]
OVERRIDE = "optimized_attention_override"
"""The host's key for a function that is called in place of its attention function."""
UNCONDITIONAL = 1
"""In the host's ``cond_or_uncond``, where there is one positive and one negative conditioning."""


@dataclass(frozen=True)
class Group:
    """Pictures that are looked at together, and how strongly."""

    pictures: Sequence[int]
    """Their numbers in the bank."""
    value: MotionValue
    """Without keyframes."""


@dataclass(eq=False)
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

    looking: Sequence[bool] = ()
    """Whether the rows of each conditioning look at the pictures."""
    place: LayerName | None = None
    """Of the self-attention that comes next."""
    taken: Mapping[Any, Any] = field(default_factory=dict)
    """Self-attentions that other nodes have replaced, which may rely on as many keys as queries."""
    inner: Any = None
    """What another node has put in place of the host's attention function."""

    def into(self, options: dict[str, Any]) -> None:
        """Have the host ask us for every self-attention that no other node has replaced."""
        self.looking = self._looking(options.get("uuids", ()))
        if not any(self.looking):
            return
        self.taken = options.get("patches_replace", {}).get("attn1", {})
        self.inner = options.get(OVERRIDE)
        options |= {READING: self, OVERRIDE: attend, "patches": with_mark(options.get("patches", {}))}

    def _looking(self, uuids: Sequence[Any]) -> Sequence[bool]:
        """By what the guider calls each conditioning; one that it does not know came from a node that guides by it."""
        if self.bank.conditional and len(uuids) == len(self.kinds):
            return [uuid in self.bank.conditional for uuid in uuids]
        return [kind != UNCONDITIONAL for kind in self.kinds]

    def mark(self, n: Tensor, context: Tensor, value: Tensor, extra: Mapping[str, Any]) -> Marked:
        """Remember where the next self-attention is; keys and values that nobody has changed are left to the layer."""
        place: LayerName = (*extra["block"], extra["block_index"])
        if place in self.bank.read and not is_taken(place, self.taken):
            self.place = place
        return (n, None, None) if context is n and value is n else (n, context, value)

    def check_attended(self) -> None:
        """Stop where a self-attention was to look at the pictures and did not come to `attend`.

        Raises:
            CharacterError: another node runs it by itself.
        """
        if self.place is not None:
            raise CharacterError(
                "Another node runs the self-attentions in a way of its own, so that Reference Picture would not be "
                "seen. Take out the node or the pack that replaces the attention of ComfyUI, or set the strength of "
                "Reference Picture to 0."
            )

    def attend(self, func: Any, q: Tensor, k: Tensor, v: Tensor, *rest: Any, **more: Any) -> Tensor:
        """An attention of the model; of a self-attention all conditionings, (rows, tokens, channels) each."""
        place, self.place = self.place, None
        function = func if self.inner is None else partial(self.inner, func)

        def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            return function(q, k, v, *rest, **more)

        if place is None:
            return attended(q, k, v)
        if q.shape[0] % len(self.looking):
            raise CharacterError(
                "Another node changes the number of rows that a self-attention gets, so that nobody knows which of "
                "them look at Reference Picture. Take out the nodes between Animate Character and the sampler one by "
                "one to find it."
            )
        keys, values = self._seen(place, q)
        shares = self._shares(more["transformer_options"]["activations_shape"][2:], q)
        each = zip(self.looking, *(part.chunk(len(self.looking)) for part in (q, k, v)), strict=True)
        rows = [self._read(attended, own, keys, values, shares) if looks else attended(*own) for looks, *own in each]
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
        layer = self_attention(self.unet, place)
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


def self_attention(unet: Any, place: LayerName) -> Any:
    """The self-attention at a place of a UNet, with its `to_k` and `to_v`."""
    side, number, index = place
    block = unet.middle_block if side == "middle" else getattr(unet, f"{side}_blocks")[number]
    transformer = next(layer for layer in block if isinstance(layer, SpatialTransformer))
    return transformer.transformer_blocks[index].attn1


def is_taken(place: LayerName, replaced: Mapping[Any, Any]) -> bool:
    """Whether another node replaces the self-attention at a place."""
    return place in replaced or place[:2] in replaced


def with_mark(patches: Mapping[str, Any]) -> dict[str, Any]:
    """The patches with `mark` behind all others of self-attentions, to see what they make of keys and values."""
    own = {"attn1_patch": mark, "attn1_output_patch": check_attended}
    return {**patches, **{name: [*_others(patches, name, patch), patch] for name, patch in own.items()}}


def _others(patches: Mapping[str, Any], name: str, own: Any) -> list[Any]:
    return [patch for patch in patches.get(name, ()) if patch is not own]


@torch.compiler.disable
def mark(n: Tensor, context: Tensor, value: Tensor, extra: dict[str, Any]) -> Marked:
    """Host patch ``attn1_patch``."""
    return extra[READING].mark(n, context, value, extra)


@torch.compiler.disable
def check_attended(n: Tensor, extra: dict[str, Any]) -> Tensor:
    """Host patch ``attn1_output_patch``."""
    extra[READING].check_attended()
    return n


@torch.compiler.disable
def attend(func: Any, *arguments: Any, **more: Any) -> Tensor:
    """The host's ``optimized_attention_override``."""
    return more["transformer_options"][READING].attend(func, *arguments, **more)
