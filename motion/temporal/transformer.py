"""The temporal transformer of AnimateDiff (arXiv 2307.04725, section 3.3 and figure 3).

``x + proj_out(block(proj_in(group_norm(x))))``, where the block is self-attention over the frames of every
pixel (once or twice) and a GEGLU feed-forward. Each linear layer acts on channels alone, so the tokens
keep one layout, (clip, frame, pixel, channel), from the first projection to the last.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from ..values import Strength, of_clip
from .lowrank import NO_TERMS, Terms, adapted, adapted_thirds
from .mixing import Mixing
from .steering import Steering

SDPA_ROWS = 1 << 15
"""Attention batches above this many rows fail or fall back in CUDA's fused kernels."""

CPU_TOKENS = 1024
"""Tokens per pass on a CPU: small enough that the 8x wide feed-forward stays in the last-level cache."""

ALL = (slice(None), slice(None))
"""One pass over all clips and pixels."""


def sinusoidal_positions(length: int, channels: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """The (length, channels) table of "Attention Is All You Need" (arXiv 1706.03762), sine and cosine interleaved."""
    angle = torch.arange(length, dtype=torch.float64)[:, None] * torch.exp(
        torch.arange(0, channels, 2, dtype=torch.float64) * (-math.log(10000.0) / channels)
    )
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1).to(dtype)


class Positions(nn.Module):
    """The position table, a leaf module of its own so that weight managers move it like any weight."""

    def __init__(self, length: int, channels: int, dtype: torch.dtype | None, device: Any) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(length, channels, dtype=dtype, device=device), requires_grad=False)

    def forward(self, frames: int, like: Tensor, rows: Tensor | None = None) -> Tensor:
        """The first ``frames`` rows as (frames, 1, channels) in the dtype and device of ``like``.

        Args:
            rows: a (rows, rows of the table) matrix if the table is adjusted, see `positions`.
        """
        if rows is None:
            return self.table[:frames, None].to(like)
        table = self.table.to(like.device, torch.float32)
        return (rows[:frames].to(table) @ table)[:, None].to(like)


class TemporalAttention(nn.Module):
    """Pre-norm self-attention over frames; the position term enters query, key and value alike."""

    def __init__(self, channels: int, heads: int, positions: int, operations: Any, dtype: Any, device: Any) -> None:
        super().__init__()
        self.heads = heads
        self.norm = operations.LayerNorm(channels, dtype=dtype, device=device)
        self.positions = Positions(positions, channels, dtype, device)
        self.to_qkv = operations.Linear(channels, 3 * channels, bias=False, dtype=dtype, device=device)
        self.to_out = operations.Linear(channels, channels, dtype=dtype, device=device)

    def forward(
        self,
        tokens: Tensor,
        positions: Tensor,
        scale: Strength = 1.0,
        terms: Terms = NO_TERMS,
        name: str = "",
        camera: Steering | None = None,
    ) -> Tensor:
        """(clips, frames, pixels, channels) to the same shape.

        Args:
            positions: (frames, 1, channels), from the module's `Positions`.
            scale: multiplies the keys, so the logits.
            terms: what acts beside the linear layers, under ``name``.to_q, to_k, to_v and to_out.
            camera: what query, key and value see besides.
        """
        normed = self.norm(tokens)
        normed += positions
        if camera is not None:
            normed = camera.steer(normed)
        qkv = adapted_thirds(self.to_qkv, normed, terms, [f"{name}.to_{letter}" for letter in "qkv"])
        qkv = rearrange(qkv, "b f p (third h c) -> b f p third h c", third=3, h=self.heads)
        mixed = _all_clips(qkv, scale) if qkv.requires_grad else None
        mixed = _clip_by_clip(qkv, scale) if mixed is None else mixed
        return adapted(self.to_out, mixed.flatten(-2), terms.get(f"{name}.to_out", ()))


def _clip_by_clip(qkv: Tensor, scale: Strength) -> Tensor:
    mixed = qkv.new_empty(*qkv.shape[:3], *qkv.shape[4:])
    factor = qkv.shape[-1] ** -0.5
    for number, clip in enumerate(qkv):
        # strided views: the fused kernels read frames in place, nothing is transposed in memory
        query, key, value = rearrange(clip, "f p third h c -> third p h f c")
        logits, its = factor, of_clip(scale, number)
        if isinstance(its, Tensor):
            key = key * rearrange(its.to(key), "f p -> p 1 f 1")
        else:
            logits = factor * its
        attended = F.scaled_dot_product_attention(query, key, value, scale=logits)
        mixed[number] = rearrange(attended, "p h f c -> f p h c")
    return mixed


def _all_clips(qkv: Tensor, scale: Strength) -> Tensor | None:
    """At once, which saves the gradients of small clips most of their time; None where clips have to be apart."""
    clips, _, pixels, *_ = qkv.shape
    if clips == 1 or clips * pixels > SDPA_ROWS or not isinstance(scale, float):
        return None
    query, key, value = rearrange(qkv, "b f p third h c -> third (b p) h f c")
    attended = F.scaled_dot_product_attention(query, key, value, scale=scale * qkv.shape[-1] ** -0.5)
    return rearrange(attended, "(b p) h f c -> b f p h c", b=clips)


class TemporalTransformer(nn.Module):
    """One motion module: mixes the frames of a clip at every pixel, adds the result to its input."""

    def __init__(
        self,
        channels: int,
        positions: int,
        attentions: int = 2,
        heads: int = 8,
        operations: Any = nn,
        dtype: torch.dtype | None = None,
        device: Any = None,
    ) -> None:
        super().__init__()
        held = {"dtype": dtype, "device": device}
        self.norm = operations.GroupNorm(32, channels, eps=1e-6, **held)
        self.proj_in = operations.Linear(channels, channels, **held)
        self.attentions = nn.ModuleList(
            TemporalAttention(channels, heads, positions, operations, dtype, device) for _ in range(attentions)
        )
        self.ff_norm = operations.LayerNorm(channels, **held)
        self.ff_in = operations.Linear(channels, 8 * channels, **held)
        self.ff_out = operations.Linear(4 * channels, channels, **held)
        self.proj_out = operations.Linear(channels, channels, **held)

    def forward(self, x: Tensor, mixing: Mixing) -> Tensor:
        """Mix the frames of each clip.

        Args:
            x: (clips * frames, channels, height, width), the frames of a clip adjacent.

        Returns:
            A new tensor like ``x``.
        """
        normed = pooled_norm(self.norm, x, mixing.frames) if mixing.pool_norm else self.norm(x)
        source, normed = (rearrange(each, "(b f) c h w -> b f c (h w)", f=mixing.frames) for each in (x, normed))
        result = torch.empty_like(source)
        seen = mixing.longest_view
        positions = [attention.positions(seen, normed, mixing.rows) for attention in self.attentions]  # type: ignore[operator]
        learns = self._learns(x, mixing)
        # where gradients are taken everything is kept for them anyway
        parts = [ALL] if learns else passes(source.shape[0], mixing.frames, source.shape[3], x.shape[1], x.device)
        for clips, pixels in parts:
            tokens = normed[clips, :, :, pixels].transpose(2, 3)
            here = mixing.at(pixels, clips)
            change = self._mix(tokens, positions, here).transpose(2, 3)
            if isinstance(here.effect, Tensor):
                change = change * here.effect.to(change).unsqueeze(-2)
            elif here.effect != 1.0:
                change = change * here.effect
            if learns:
                return (source + change).view(x.shape)
            torch.add(source[clips, :, :, pixels], change, out=result[clips, :, :, pixels])
        return result.view(x.shape)

    def _learns(self, x: Tensor, mixing: Mixing) -> bool:
        """Whether gradients are wanted of anything in it."""
        if not torch.is_grad_enabled():
            return False
        beside = (term.layer.up.weight for terms in mixing.terms.values() for term in terms)
        return x.requires_grad or any(each.requires_grad for each in (*self.parameters(), *beside))

    def _mix(self, tokens: Tensor, positions: list[Tensor], mixing: Mixing) -> Tensor:
        terms = mixing.terms
        tokens = adapted(self.proj_in, tokens, terms.get("proj_in", ()))
        tokens = (self._in_views if mixing.views else self._attend)(tokens, positions, mixing)
        tokens = plus(tokens, adapted(self.ff_out, self._gated(self.ff_norm(tokens), terms), terms.get("ff_out", ())))
        return adapted(self.proj_out, tokens, terms.get("proj_out", ()))

    def _attend(self, tokens: Tensor, positions: list[Tensor], mixing: Mixing) -> Tensor:
        for n, (attention, rows) in enumerate(zip(self.attentions, positions, strict=True)):
            camera = None if n else mixing.camera
            tokens = plus(tokens, attention(tokens, rows, mixing.scale, mixing.terms, f"attentions.{n}", camera))
        return tokens

    def _in_views(self, tokens: Tensor, positions: list[Tensor], mixing: Mixing) -> Tensor:
        """Both attentions view by view, what overlaps added up by the weights of the views."""
        fused = torch.zeros_like(tokens)
        for view in mixing.views:
            rows = [each[: len(view.frames)] for each in positions]
            part = self._attend(tokens.index_select(1, view.frames), rows, mixing.of_view(view.frames))
            fused.index_add_(1, view.frames, part * view.weights.to(part)[:, None, None])
        return fused

    def _gated(self, tokens: Tensor, terms: Terms) -> Tensor:
        value, gate = adapted(self.ff_in, tokens, terms.get("ff_in", ())).chunk(2, dim=-1)
        return F.gelu(gate).mul_(value)


def plus(x: Tensor, y: Tensor) -> Tensor:
    """X + y, in x itself where no gradient is taken; a norm may need x as it was."""
    return x + y if x.requires_grad or y.requires_grad else x.add_(y)


def pooled_norm(norm: nn.Module, x: Tensor, frames: int) -> Tensor:
    """Apply a group norm with one mean and variance per clip and group instead of per frame.

    The original code reaches this by normalising (clip, channel, frame, height, width) tensors.

    Args:
        x: (clips * frames, channels, height, width).
    """
    clips = norm(rearrange(x, "(b f) c h w -> b c f h w", f=frames))
    return rearrange(clips, "b c f h w -> (b f) c h w")


def passes(clips: int, frames: int, pixels: int, channels: int, device: torch.device) -> list[tuple[slice, slice]]:
    """Split the work into (clips, pixels) slices; frames stay together because attention joins them.

    A CPU is fastest when one pass fits its cache, and clips of few pixels come together, because every pass reads all
    weights once. An accelerator takes everything at once, up to the row limit of its fused attention.
    """
    if device.type != "cpu":
        return [(slice(None), slice(start, start + SDPA_ROWS)) for start in range(0, pixels, SDPA_ROWS)]
    width = max(1, max(CPU_TOKENS, 3 * channels) // frames)
    together = max(1, width // pixels)
    return [
        (slice(first, first + together), slice(start, start + width))
        for first in range(0, clips, together)
        for start in range(0, pixels, width)
    ]
