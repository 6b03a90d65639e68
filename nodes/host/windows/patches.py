"""Patches that show the layers of one call of the model what a reference window saw.

They have no state and are put into a copy of the call's ``transformer_options``, together with the record of the call
that they work from, so that nothing is left on the model.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import comfy.ldm.modules.attention as attention
import torch
from torch import Tensor

from ....motion.values import Strength, in_picture
from ....motion.windows import adain, blend, matching, statistics
from .. import character
from ..options import REFERENCE_CALL, REFERENCE_NET, REFERENCE_PART
from ..sampling import Call, timing_of
from .bank import LayerName, Part


class Shown:
    """What one call of the model shows its layers."""

    def __init__(self, part: Part, rows: int, options: Mapping[str, Any], model_sampling: Any) -> None:
        """Read what the host says of the call.

        Args:
            rows: frames of all windows and conditionings in it.
        """
        self.part = part
        self._uuids: Sequence[Any] = options["uuids"]
        keeps = part.reference.options.style_fidelity
        self._shares = [1.0 - keeps if which == 1 else 1.0 for which in options["cond_or_uncond"]]
        self._call = Call.of(options, rows)
        self._masks = timing_of(options, model_sampling).masks
        self._strengths: dict[tuple[int, int], Strength] = {}
        self._shown: dict[LayerName, int] = {}
        """Tokens of its own that a self-attention has, where it sees others too."""
        self._replaced: Mapping[Any, Any] = options.get("patches_replace", {}).get("attn1", {})
        places = {reader.layer for reader in part.reference.attentions}
        # what another node does there may rely on as many keys as queries
        self._places = {layer for layer in places if layer not in self._replaced and layer[:2] not in self._replaced}
        self._blocks = {reader.layer for reader in part.reference.blocks}

    def into(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of the ``transformer_options`` with the patches."""
        patches, replaced = dict(options.get("patches", {})), dict(options.get("patches_replace", {}))
        if self._places:
            # behind those of others, to see what they make of keys and values
            patches["attn1_patch"] = [*patches.get("attn1_patch", ()), attend_to]
            if REFERENCE_NET in options:
                patches = character.with_mark(patches)
            if self.part.reads and min(self._shares) < 1.0:
                replaced["attn1"] = {**self._replaced, **dict.fromkeys(self._places, attend)}
        if self._blocks:
            # before what others do between two blocks
            own = {
                "input_block_patch": after_input,
                "middle_block_after_patch": after_middle,
                "output_block_patch": before_output,
            }
            patches |= {name: [patch, *patches.get(name, ())] for name, patch in own.items()}
        return {**options, "patches": patches, "patches_replace": replaced, REFERENCE_CALL: self}

    def attend_to(self, n: Tensor, context: Tensor, value: Tensor, extra: dict[str, Any]) -> tuple[Tensor, ...]:
        """What a self-attention gets its keys and values from."""
        layer = (*extra["block"], extra["block_index"])
        height, width = extra["activations_shape"][2:]
        # queries in tiles, or a picture in other tokens, have no counterpart in the reference window
        alike = n.shape[0] == context.shape[0] and context.shape[1] == value.shape[1] == height * width
        if layer not in self._places or not alike:
            return n, context, value
        own = (context,) if value is context else (context, value)
        shown = own
        if self.part.reads:
            strength = self._strength(height, width, n)
            strength = strength[..., None] if isinstance(strength, Tensor) else strength
            shown = tuple(
                torch.cat([x, blend(self._apart(x), self._apart(other), strength).flatten(0, 1)], dim=1)
                for x, other in zip(own, self._others(layer, own), strict=True)
            )
            self._shown[layer] = context.shape[1]
        if self.part.writes:
            self._keep(layer, own)
        return n, shown[0], shown[-1]

    def attend(self, q: Tensor, k: Tensor, v: Tensor, extra: dict[str, Any]) -> Tensor:
        """Self-attention whose unconditional rows keep some of what they would be alone."""

        def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            heads, precision = extra["n_heads"], extra["attn_precision"]
            return attention.optimized_attention(q, k, v, heads, attn_precision=precision, transformer_options=extra)

        own = self._shown.get((*extra["block"], extra["block_index"]))
        if own is None:
            return attended(q, k, v)
        mixed = []
        rows = zip(*map(self._apart, (q, k, v)), self._shares, strict=True)
        for queries, keys, values, share in rows:
            plain = None if share == 1.0 else attended(queries, keys[:, :own], values[:, :own])
            shown = None if share == 0.0 else attended(queries, keys, values)
            mixed.append(shown if plain is None else plain if shown is None else blend(plain, shown, share))
        return torch.cat(mixed)

    def matched(self, layer: LayerName, h: Tensor) -> Tensor:
        """The output of a UNet block with the statistics of the reference window."""
        if layer not in self._blocks:
            return h
        matched = h
        if self.part.reads:
            strength = in_picture(self._strength(h.shape[2], h.shape[3], h), (h.shape[2], h.shape[3]))
            each = zip(self._shares, self._apart(h), self._kept(layer, h), strict=True)
            matched = torch.cat(
                [own if kept is None else blend(own, adain(own, *kept), strength * share) for share, own, kept in each]
            )
        if self.part.writes:
            self._keep(layer, statistics(h))
        return matched

    def _keep(self, layer: LayerName, parts: Sequence[Tensor]) -> None:
        """Put the last window of every conditioning that will be asked for into the bank."""
        each = zip(*map(self._apart, parts), strict=True)
        for uuid, share, rows in zip(self._uuids, self._shares, each, strict=True):
            if share > 0.0:
                self.part.bank.keep(layer, uuid, [part[-self._call.frames :] for part in rows])

    def _others(self, layer: LayerName, own: Sequence[Tensor]) -> Iterator[Tensor]:
        """What the reference window saw in place of each of these rows; themselves where the bank has nothing."""
        banked = list(self._kept(layer, own[0]))
        for number, part in enumerate(own):
            pairs = zip(self._apart(part), banked, strict=True)
            yield torch.cat([rows if kept is None else kept[number] for rows, kept in pairs])

    def _apart(self, x: Tensor) -> Tensor:
        """Rows as (conditionings, rows of each, ...)."""
        return x.unflatten(0, (len(self._uuids), -1))

    def _kept(self, layer: LayerName, like: Tensor) -> Iterator[tuple[Tensor, ...] | None]:
        """For each conditioning what the bank has, a row for each of its own, None if it has nothing."""
        for uuid, share in zip(self._uuids, self._shares, strict=True):
            kept = self.part.bank.kept.get((layer, uuid)) if share > 0.0 else None
            if kept is None:
                yield None
                continue
            order = matching(self._call.frames, kept[0].shape[0]) * self._call.windows
            same = order == list(range(kept[0].shape[0]))
            yield tuple((part if same else part[order]).to(like.device) for part in kept)

    def _strength(self, height: int, width: int, x: Tensor) -> Strength:
        """The strength at each frame of a conditioning and in the resolution of a layer."""
        size = (height, width)
        if size not in self._strengths:
            self._strengths[size] = self.part.value.over(self._call.numbers, size, x.device, self._masks)
        return self._strengths[size]


@torch.compiler.disable
def attend_to(n: Tensor, context: Tensor, value: Tensor, extra: dict[str, Any]) -> tuple[Tensor, ...]:
    """Host patch ``attn1_patch``: ``n``, what queries come from, is (rows, tokens, channels), the others likewise."""
    return extra[REFERENCE_CALL].attend_to(n, context, value, extra)


@torch.compiler.disable
def attend(q: Tensor, k: Tensor, v: Tensor, extra: dict[str, Any]) -> Tensor:
    """Host patch ``attn1`` replace."""
    return extra[REFERENCE_CALL].attend(q, k, v, extra)


@torch.compiler.disable
def after_input(h: Tensor, options: dict[str, Any]) -> Tensor:
    """Host patch ``input_block_patch``."""
    return options[REFERENCE_CALL].matched(options["block"], h)


@torch.compiler.disable
def after_middle(values: dict[str, Any]) -> dict[str, Any]:
    """Host patch ``middle_block_after_patch``."""
    return {**values, "h": values["transformer_options"][REFERENCE_CALL].matched(("middle", 0), values["h"])}


@torch.compiler.disable
def before_output(h: Tensor, skip: Tensor, options: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Host patch ``output_block_patch``, which comes before a block: ``h`` is what the block before it made."""
    side, number = options["block"]
    return options[REFERENCE_CALL].matched((side, number - 1), h), skip


def patched(
    executor: Any,
    x: Tensor,
    t: Tensor,
    c_concat: Tensor | None = None,
    c_crossattn: Tensor | None = None,
    control: Any = None,
    transformer_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Tensor:
    """Puts the patches into each call that has to do with a reference window (host wrapper ``APPLY_MODEL``)."""
    options = transformer_options or {}
    part: Part | None = options.get(REFERENCE_PART)
    if part is not None:
        options = Shown(part, x.shape[0], options, executor.class_obj.model_sampling).into(options)
    return executor(x, t, c_concat, c_crossattn, control, options, **kwargs)
