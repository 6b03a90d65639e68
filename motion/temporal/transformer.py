"""The temporal transformer of AnimateDiff (arXiv 2307.04725, section 3.3 and figure 3).

``x + proj_out(block(proj_in(group_norm(x))))``, where the block is self-attention over the frames of every
pixel (once or twice) and a GEGLU feed-forward. Each linear layer acts on channels alone, so the tokens
keep one layout, (clip, frame, pixel, channel), from the first projection to the last.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..values import Strength, at, of_clip, of_frames
from ..windows import Window
from .lowrank import NO_TERMS, Terms, adapted, adapted_thirds, terms_at, terms_of_frames
from .steering import Steering

SDPA_ROWS = 1 << 15
"""Attention batches above this many rows fail or fall back in CUDA's fused kernels."""

CPU_TOKENS = 1024
"""Tokens per pass on a CPU: small enough that the 8x wide feed-forward stays in the last-level cache."""


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
        qkv = qkv.unflatten(-1, (3, self.heads, -1))
        mixed = qkv.new_empty(*tokens.shape[:3], self.heads, qkv.shape[-1])
        factor = qkv.shape[-1] ** -0.5
        for number, (clip, out) in enumerate(zip(qkv, mixed, strict=True)):
            # strided views: the fused kernels read frames in place, nothing is transposed in memory
            query, key, value = clip.permute(2, 1, 3, 0, 4)
            its = of_clip(scale, number)
            if isinstance(its, Tensor):
                key = key * its.to(key).t()[:, None, :, None]
                logits = factor
            else:
                logits = factor * its
            out.copy_(F.scaled_dot_product_attention(query, key, value, scale=logits).permute(2, 0, 1, 3))
        return adapted(self.to_out, mixed.flatten(-2), terms.get(f"{name}.to_out", ()))


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
        kind = {"dtype": dtype, "device": device}
        self.norm = operations.GroupNorm(32, channels, eps=1e-6, **kind)
        self.proj_in = operations.Linear(channels, channels, **kind)
        self.attentions = nn.ModuleList(
            TemporalAttention(channels, heads, positions, operations, dtype, device) for _ in range(attentions)
        )
        self.ff_norm = operations.LayerNorm(channels, **kind)
        self.ff_in = operations.Linear(channels, 8 * channels, **kind)
        self.ff_out = operations.Linear(4 * channels, channels, **kind)
        self.proj_out = operations.Linear(channels, channels, **kind)

    def forward(
        self,
        x: Tensor,
        frames: int,
        scale: Strength = 1.0,
        effect: Strength = 1.0,
        pool_norm: bool = False,
        terms: Terms = NO_TERMS,
        rows: Tensor | None = None,
        views: Sequence[Window] = (),
        camera: Steering | None = None,
    ) -> Tensor:
        """Mix the frames of each clip.

        Args:
            x: (clips * frames, channels, height, width), the frames of a clip adjacent.
            frames: frames per clip, at most the length of the position table, after it was adjusted.
            scale: attention logit scale ("motion scale"); 1 is as trained.
            effect: blend of the result, ``x + effect * change``.
            pool_norm: take the group norm's statistics over all frames of a clip, as SDXL beta was trained.
            terms: low-rank terms beside the linear layers, by the layer's name as motion files are read.
            rows: adjusts the position tables, see `positions.position_matrix`.
            views: windows of the clip within which frames attend to one another, each counted from position 0; without
                any, all frames do.
            camera: steers the first attention.

        Returns:
            A new tensor like ``x``.
        """
        normed = pooled_norm(self.norm, x, frames) if pool_norm else self.norm(x)
        shape = (-1, frames, x.shape[1], x.shape[2] * x.shape[3])
        source, normed = x.reshape(shape), normed.reshape(shape)
        result = torch.empty_like(source)
        seen = max((len(view.frames) for view in views), default=frames)
        places = [attention.positions(seen, normed, rows) for attention in self.attentions]  # type: ignore[operator]
        for clips, pixels in passes(source.shape[0], frames, source.shape[3], x.shape[1], x.device):
            tokens = normed[clips, :, :, pixels].transpose(2, 3)
            beside = terms_at(terms, pixels, clips) if terms else terms
            steering = None if camera is None else camera.at(pixels, clips)
            change = self._mix(tokens, places, at(scale, pixels, clips), beside, views, steering).transpose(2, 3)
            blend = at(effect, pixels, clips)
            if isinstance(blend, Tensor):
                change = change * blend.to(change).unsqueeze(-2)
            elif blend != 1.0:
                change = change * blend
            torch.add(source[clips, :, :, pixels], change, out=result[clips, :, :, pixels])
        return result.view(x.shape)

    def _mix(
        self,
        tokens: Tensor,
        places: list[Tensor],
        scale: Strength,
        terms: Terms,
        views: Sequence[Window],
        camera: Steering | None,
    ) -> Tensor:
        tokens = adapted(self.proj_in, tokens, terms.get("proj_in", ()))
        if views:
            tokens = self._in_views(tokens, places, scale, terms, views, camera)
        else:
            tokens = self._attend(tokens, places, scale, terms, camera)
        tokens += adapted(self.ff_out, self._gated(self.ff_norm(tokens), terms), terms.get("ff_out", ()))
        return adapted(self.proj_out, tokens, terms.get("proj_out", ()))

    def _attend(
        self, tokens: Tensor, places: list[Tensor], scale: Strength, terms: Terms, camera: Steering | None
    ) -> Tensor:
        for n, (attention, positions) in enumerate(zip(self.attentions, places, strict=True)):
            tokens += attention(tokens, positions, scale, terms, f"attentions.{n}", None if n else camera)
        return tokens

    def _in_views(
        self,
        tokens: Tensor,
        places: list[Tensor],
        scale: Strength,
        terms: Terms,
        views: Sequence[Window],
        camera: Steering | None,
    ) -> Tensor:
        """Both attentions view by view, what overlaps added up by the weights of the views."""
        fused = torch.zeros_like(tokens)
        for view in views:
            index, positions = list(view.frames), [place[: len(view.frames)] for place in places]
            its, beside = of_frames(scale, index), terms_of_frames(terms, index)
            part = self._attend(tokens[:, index], positions, its, beside, camera and camera.of_frames(index))
            weights = torch.tensor(view.weights, dtype=part.dtype, device=part.device)[:, None, None]
            fused.index_add_(1, torch.tensor(index, device=part.device), part * weights)
        return fused

    def _gated(self, tokens: Tensor, terms: Terms) -> Tensor:
        value, gate = adapted(self.ff_in, tokens, terms.get("ff_in", ())).chunk(2, dim=-1)
        return F.gelu(gate).mul_(value)


def pooled_norm(norm: nn.Module, x: Tensor, frames: int) -> Tensor:
    """Apply a group norm with one mean and variance per clip and group instead of per frame.

    The original code reaches this by normalising (clip, channel, frame, height, width) tensors.

    Args:
        x: (clips * frames, channels, height, width).
    """
    clips = x.unflatten(0, (-1, frames)).transpose(1, 2)
    return norm(clips).transpose(1, 2).flatten(0, 1)


def passes(clips: int, frames: int, pixels: int, channels: int, device: torch.device) -> list[tuple[slice, slice]]:
    """Split the work into (clips, pixels) slices; frames stay together because attention joins them.

    A CPU is fastest when one pass fits its cache; an accelerator takes everything at once, up to the row
    limit of its fused attention.
    """
    if device.type != "cpu":
        return [(slice(None), slice(start, start + SDPA_ROWS)) for start in range(0, pixels, SDPA_ROWS)]
    width = max(1, max(CPU_TOKENS, 3 * channels) // frames)
    return [(slice(i, i + 1), slice(start, start + width)) for i in range(clips) for start in range(0, pixels, width)]
