"""The transformer over the places of a picture, without a text to read."""

from typing import Any

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

GROUPS = 32


class SpatialTransformer(nn.Module):
    """``x + proj_out(block(proj_in(group_norm(x))))``, the block being self-attention and a GEGLU feed-forward."""

    def __init__(
        self, channels: int, inner: int, heads: int, operations: Any = nn, dtype: Any = None, device: Any = None
    ) -> None:
        """Make a transformer.

        Args:
            channels: what comes in and goes out.
            inner: channels of a token, which the heads share evenly.

        Raises:
            ValueError: the heads do not divide a token, or 32 groups not the channels.
        """
        super().__init__()
        if inner % heads:
            raise ValueError(f"{heads} heads cannot share {inner} channels")
        held = {"dtype": dtype, "device": device}
        self.heads = heads
        self.norm = operations.GroupNorm(GROUPS, channels, eps=1e-6, **held)
        self.proj_in = operations.Conv2d(channels, inner, 1, **held)
        self.attention_norm = operations.LayerNorm(inner, **held)
        self.to_q = operations.Linear(inner, inner, bias=False, **held)
        self.to_k = operations.Linear(inner, inner, bias=False, **held)
        self.to_v = operations.Linear(inner, inner, bias=False, **held)
        self.to_out = operations.Linear(inner, inner, **held)
        self.ff_norm = operations.LayerNorm(inner, **held)
        self.ff_in = operations.Linear(inner, 8 * inner, **held)
        self.ff_out = operations.Linear(4 * inner, inner, **held)
        self.proj_out = operations.Conv2d(inner, channels, 1, **held)

    def forward(self, x: Tensor) -> Tensor:
        """(frames, channels, height, width) to the same; frames do not see each other."""
        tokens = rearrange(self.proj_in(self.norm(x)), "f c h w -> f (h w) c")
        tokens = tokens + self._attended(self.attention_norm(tokens))
        value, gate = self.ff_in(self.ff_norm(tokens)).chunk(2, dim=-1)
        tokens = tokens + self.ff_out(value * F.gelu(gate))
        return x + self.proj_out(rearrange(tokens, "f (h w) c -> f c h w", h=x.shape[2]))

    def _attended(self, tokens: Tensor) -> Tensor:
        query, key, value = (
            rearrange(project(tokens), "f p (h c) -> f h p c", h=self.heads)
            for project in (self.to_q, self.to_k, self.to_v)
        )
        return self.to_out(rearrange(F.scaled_dot_product_attention(query, key, value), "f h p c -> f p (h c)"))
