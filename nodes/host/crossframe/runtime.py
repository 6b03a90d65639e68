"""Tune-A-Video inside a running UNet.

As with motion models nothing is stored on the UNet: a wrapper around each call of the model puts a record into a copy
of ``transformer_options``, with a patch of every self-attention, and a stateless handler that the host calls for its
layers finds the record there.
"""

import copy
from dataclasses import dataclass
from typing import Any

import comfy.ldm.modules.attention as attention
import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from torch import Tensor, nn

from ....motion.crossframe import OneShotModel, TemporalAttn, TemporalLayers, sparse_causal
from ..options import LAST, ONE_SHOT
from ..sampling import Call
from ..temporal import Anchors, last_block, pooled_output, pooled_resblock


@dataclass(frozen=True)
class Tuned:
    """What is needed during one call of the model."""

    layers: TemporalLayers
    frames: int
    """Of one clip, or of one window of it."""
    anchors: Anchors
    strength: float = 1.0
    pooled: bool = True
    """Whether ResBlocks and the output layer take the statistics of their norms over the frames of a clip."""

    def into(self, options: dict[str, Any]) -> None:
        """Put the record and the patches into a call's own copy of ``transformer_options``."""
        replaced = options.get("patches_replace", {})
        there = replaced.get("attn1", {})
        own = {
            (*place.block, place.number): self.attend
            for place in self.layers.widths
            # what another node does there may rely on as many keys as queries
            if (*place.block, place.number) not in there and place.block not in there
        }
        options["patches_replace"] = {**replaced, "attn1": {**there, **own}}
        options[ONE_SHOT] = self
        if self.pooled:
            options[LAST] = []

    def attend(self, query: Tensor, key: Tensor, value: Tensor, extra: dict[str, Any]) -> Tensor:
        """The self-attention of a block (patch ``attn1_replace``): every frame reads the first and the one before."""
        seen = (sparse_causal(part, self.frames) for part in (key, value))
        return attention.optimized_attention(
            query, *seen, extra["n_heads"], attn_precision=extra.get("attn_precision"), transformer_options=extra
        )

    def followed(self, layer: SpatialTransformer, block: tuple[str, int]) -> SpatialTransformer:
        """A shallow copy of a spatial transformer whose inner blocks have temporal layers behind them."""
        inner = [
            each if temporal is None else _Followed(each, temporal, self)
            for each, temporal in ((each, self.layers.at(block, n)) for n, each in enumerate(layer.transformer_blocks))
        ]
        twin = copy.copy(layer)
        twin._modules = {**layer._modules, "transformer_blocks": nn.ModuleList(inner)}
        # one that somebody put on the layer itself would run the layer and not its twin
        twin.__dict__.pop("forward", None)
        return twin


class _Followed(nn.Module):
    """A transformer block of the host and the temporal layer behind its feed-forward."""

    def __init__(self, block: nn.Module, temporal: TemporalAttn, tuned: Tuned) -> None:
        super().__init__()
        self.block, self.temporal, self.tuned = block, temporal, tuned

    def forward(self, x: Tensor, *rest: Any, **more: Any) -> Tensor:
        """(clips * frames, pixels, channels) to the same shape."""
        tokens = self.block(x, *rest, **more)
        return self.temporal(tokens, self.tuned.frames, self.block.n_heads, self.tuned.strength)  # type: ignore[arg-type]


class TunedHandler:
    """Run a UNet layer as the host would, with what Tune-A-Video adds to it."""

    @torch.compiler.disable
    def __call__(
        self, layer: Any, x: Tensor, emb: Tensor, context: Tensor | None, options: dict[str, Any], *rest: Any
    ) -> Tensor:
        """Called by the host for each ResBlock and each spatial transformer."""
        tuned: Tuned | None = options.get(ONE_SHOT)
        if isinstance(layer, SpatialTransformer):
            run = layer if tuned is None else tuned.followed(layer, options["block"])
            x = run(x, context, options)
            options["transformer_index"] = options.get("transformer_index", 0) + 1
        elif tuned is not None and tuned.pooled:
            x = pooled_resblock(layer, x, emb, tuned.frames)
        else:
            x = layer(x, emb)
        if tuned is not None and LAST in options and options["block"] == last_block(tuned.anchors):
            options[LAST].append(x)
        return x


HANDLER = TunedHandler()
LAYERS = (ResBlock, SpatialTransformer)


class TunedWrapper:
    """Publishes the record for each call of the model (host wrapper ``APPLY_MODEL``)."""

    def __init__(self, anchors: Anchors, strength: float, pooled: bool, trained: OneShotModel | None = None) -> None:
        """Remember the settings.

        Args:
            trained: in a training; otherwise the host has loaded the layers.
        """
        self.strength, self.pooled = strength, pooled
        self._anchors, self._trained = anchors, trained

    def __call__(
        self,
        executor: Any,
        x: Tensor,
        t: Tensor,
        c_concat: Tensor | None = None,
        c_crossattn: Tensor | None = None,
        control: Any = None,
        transformer_options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Same signature as ``BaseModel.apply_model``."""
        options = dict(transformer_options or {})
        if self._trained is None:
            # the patcher in use: each device of a multi-GPU run has its own
            (patcher,) = executor.class_obj.current_patcher.get_additional_models_with_key(ONE_SHOT)
            layers = patcher.model
        else:
            layers = self._trained.temporal
        call = Call.of(options, x.shape[0])
        Tuned(layers, call.frames, self._anchors, self.strength, self.pooled).into(options)
        return executor(x, t, c_concat, c_crossattn, control, options, **kwargs)


@torch.compiler.disable
def pool_tuned_output(
    executor: Any,
    x: Tensor,
    timesteps: Tensor | None = None,
    context: Tensor | None = None,
    y: Tensor | None = None,
    control: Any = None,
    transformer_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Tensor:
    """Recompute the UNet's output layer with its norm pooled over frames (host wrapper ``DIFFUSION_MODEL``)."""
    result = executor(x, timesteps, context, y, control, transformer_options, **kwargs)
    options = transformer_options or {}
    if not options.get(LAST):
        return result
    last = options[LAST][-1]
    options[LAST].clear()
    return pooled_output(executor.class_obj.out, last.type(x.dtype), options[ONE_SHOT].frames)
