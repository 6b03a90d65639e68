"""The temporal self-attention that Tune-A-Video puts behind the feed-forward of every transformer block.

``x + to_out(attention(layer_norm(x)))`` over the frames of a clip at every pixel (arXiv 2212.11565, section 3.2),
without a position term. A new layer changes nothing: its last projection is zero.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from .places import Place

ROWS = 1 << 15
"""Attention batches above this many rows fail or fall back in CUDA's fused kernels."""


class TemporalAttn(nn.Module):
    """The layer of one transformer block. Nothing is changed in place, so gradients go through it."""

    def __init__(
        self, channels: int, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__()
        held = {"dtype": dtype, "device": device}
        self.norm_temp = operations.LayerNorm(channels, **held)
        self.to_q, self.to_k, self.to_v = (operations.Linear(channels, channels, bias=False, **held) for _ in "qkv")
        self.to_out = operations.Linear(channels, channels, **held)

    def start(self, generator: torch.Generator | None = None) -> None:
        """Weights to train from: an identity, with query, key and value drawn as torch draws those of a new layer."""
        with torch.no_grad():
            self.norm_temp.weight.fill_(1.0)
            for zero in (self.norm_temp.bias, self.to_out.weight, self.to_out.bias):
                zero.zero_()
            for layer in (self.to_q, self.to_k, self.to_v):
                bound = 1.0 / math.sqrt(layer.weight.shape[1])
                # drawn in one precision and place, so that a seed means the same everywhere
                drawn = torch.empty(layer.weight.shape).uniform_(-bound, bound, generator=generator)
                layer.weight.copy_(drawn)

    def forward(self, tokens: Tensor, frames: int, heads: int, strength: float = 1.0) -> Tensor:
        """(clips * frames, pixels, channels) to a new tensor of the same shape.

        Args:
            heads: as many as the attentions of the transformer block have.
            strength: multiplies what is added; 1 is as trained.
        """
        normed = self.norm_temp(tokens)
        parts = [
            rearrange(layer(normed), "(b f) d (h c) -> (b d) h f c", f=frames, h=heads)
            for layer in (self.to_q, self.to_k, self.to_v)
        ]
        mixed = torch.cat(
            [F.scaled_dot_product_attention(*each) for each in zip(*(part.split(ROWS) for part in parts), strict=True)]
        )
        change = self.to_out(rearrange(mixed, "(b d) h f c -> (b f) d (h c)", d=tokens.shape[1]))
        return tokens + (change if strength == 1.0 else strength * change)


class TemporalLayers(nn.Module):
    """The temporal layers of all transformer blocks of a UNet."""

    def __init__(
        self,
        widths: Mapping[Place, int],
        operations: Any = nn,
        dtype: torch.dtype | None = None,
        device: Any = None,
        queries: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Make the layers, without values.

        Args:
            widths: channels of each block.
            queries: weights of the image model's own layers that were trained beside these, by their names in the
                original layout. They are no part of this module.
        """
        super().__init__()
        self.dtype, self.widths = dtype, dict(widths)
        self.queries: Mapping[str, Tensor] = queries or {}
        self.layers = nn.ModuleDict(
            {module_name(place): TemporalAttn(width, operations, dtype, device) for place, width in widths.items()}
        )
        self._at = {(place.block, place.number): module_name(place) for place in widths}

    def get_dtype(self) -> torch.dtype | None:
        """Storage dtype of the weights, asked for by model managers."""
        return self.dtype

    def at(self, block: tuple[str, int], number: int) -> TemporalAttn | None:
        """The layer behind a transformer block of a UNet block, None if there is none."""
        name = self._at.get((block, number))
        return None if name is None else self.layers[name]  # type: ignore[return-value]


def module_name(place: Place) -> str:
    """A place as part of a module's name."""
    return place.name.replace(".", "_")


def published_name(name: str) -> str:
    """The name of a parameter of `TemporalAttn` in Tune-A-Video's files, within its transformer block."""
    return name if name.startswith("norm_temp.") else f"attn_temp.{name.replace('to_out.', 'to_out.0.')}"
