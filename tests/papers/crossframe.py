"""A plain second implementation of Tune-A-Video (arXiv 2212.11565) and of DDIM's inversion, to compare with.

Tensors are (clip, channel, frame, height, width); attentions are computed frame by frame and pixel by pixel.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from .temporal import (
    attention,
    conv,
    geglu,
    group_norm,
    layer_norm,
    linear,
    resblock,
    timestep_embedding,
)

State = Mapping[str, Tensor]
Names = Mapping[str, str]
"""Each transformer block of the original layout to its name in diffusers, by which the trained part goes."""


def sparse_causal_attention(y: Tensor, state: State, name: str, heads: int) -> Tensor:
    """Every frame of (frames, pixels, channels) attends to the first one and to the one before it."""
    q, k, v = (linear(y, state, f"{name}.to_{letter}") for letter in "qkv")
    found = []
    for frame in range(y.shape[0]):
        seen = [0, max(frame - 1, 0)]
        keys, values = (torch.cat([part[n] for n in seen])[None] for part in (k, v))
        found.append(attention(q[frame : frame + 1], keys, values, heads)[0])
    return linear(torch.stack(found), state, f"{name}.to_out.0")


def temporal_attention(y: Tensor, trained: State, name: str, heads: int) -> Tensor:
    """Every pixel of (frames, pixels, channels) attends to itself in all frames; the residual is added."""
    found = []
    for pixel in y.unbind(1):
        z = layer_norm(pixel, trained, f"{name}.norm_temp")[None]
        q, k, v = (linear(z, trained, f"{name}.attn_temp.to_{letter}") for letter in "qkv")
        found.append(pixel + linear(attention(q, k, v, heads), trained, f"{name}.attn_temp.to_out.0")[0])
    return torch.stack(found, dim=1)


def tuned_block(y: Tensor, text: Tensor, state: State, name: str, trained: State, place: str, heads: int) -> Tensor:
    """A transformer block of Tune-A-Video on the (frames, pixels, channels) of one clip."""
    own = {**state}
    for leaf in ("attn1.to_q.weight", "attn2.to_q.weight"):
        own[f"{name}.{leaf}"] = trained[f"{place}.{leaf}"]
    y = y + sparse_causal_attention(layer_norm(y, own, f"{name}.norm1"), own, f"{name}.attn1", heads)
    z = layer_norm(y, own, f"{name}.norm2")
    words = text.expand(y.shape[0], -1, -1)
    q = linear(z, own, f"{name}.attn2.to_q")
    k, v = (linear(words, own, f"{name}.attn2.to_{letter}") for letter in "kv")
    y = y + linear(attention(q, k, v, heads), own, f"{name}.attn2.to_out.0")
    y = y + geglu(layer_norm(y, own, f"{name}.norm3"), own, f"{name}.ff")
    return temporal_attention(y, trained, place, heads)


def tuned_unet(
    x: Tensor,
    timestep: float,
    context: Tensor,
    state: State,
    trained: State,
    names: Names,
    heads: int = 8,
    pooled: bool = True,
) -> Tensor:
    """An SD1.5 UNet of the original layout, tuned.

    Args:
        x: (clips, 4, frames, height, width).
        context: (clips, tokens, 768).
        trained: by the names of diffusers.
        pooled: whether the norms of ResBlocks and output go over all frames of a clip.
    """
    emb = timestep_embedding(timestep, state["time_embed.0.weight"].shape[1], x)
    emb = linear(F.silu(linear(emb, state, "time_embed.0")), state, "time_embed.2")

    def transformer(x: Tensor, name: str) -> Tensor:
        _, channels, frames, height, width = x.shape
        y = conv(group_norm(x, state, f"{name}.norm", 1e-6, per_frame=True), state, f"{name}.proj_in")
        block = f"{name}.transformer_blocks.0"
        tuned = []
        for clip, text in zip(y, context, strict=True):
            tokens = clip.permute(1, 2, 3, 0).reshape(frames, height * width, channels)
            tokens = tuned_block(tokens, text[None], state, block, trained, names[block], heads)
            tuned.append(tokens.reshape(frames, height, width, channels).permute(3, 0, 1, 2))
        return x + conv(torch.stack(tuned), state, f"{name}.proj_out")

    def block(x: Tensor, name: str) -> Tensor:
        for part in (f"{name}.{i}" for i in range(4)):
            if f"{part}.in_layers.0.weight" in state:
                x = resblock(x, emb, state, part, pooled)
            elif f"{part}.norm.weight" in state:
                x = transformer(x, part)
            elif f"{part}.op.weight" in state:
                x = conv(x, state, f"{part}.op", stride=2)
            elif f"{part}.conv.weight" in state:
                x = conv(x.repeat_interleave(2, 3).repeat_interleave(2, 4), state, f"{part}.conv")
            elif f"{part}.weight" in state:
                x = conv(x, state, part)
        return x

    skips = []
    for i in range(12):
        x = block(x, f"input_blocks.{i}")
        skips.append(x)
    x = block(x, "middle_block")
    for i in range(12):
        x = block(torch.cat([x, skips.pop()], dim=1), f"output_blocks.{i}")
    return conv(F.silu(group_norm(x, state, "out.0", 1e-5, per_frame=not pooled)), state, "out.2")


def inverted(x: Tensor, alphas: list[float], noise: Callable[[Tensor, int], Tensor]) -> Tensor:
    """DDIM backwards in the variance-preserving form of its paper: from a clip to its noise.

    Args:
        alphas: the cumulated alphas of the steps, that of the clip (1) first.
        noise: predicts the noise in x for the step of this number.
    """
    for step in range(1, len(alphas)):
        before, after = alphas[step - 1], alphas[step]
        predicted = noise(x, step)
        clean = (x - (1 - before) ** 0.5 * predicted) / before**0.5
        x = after**0.5 * clean + (1 - after) ** 0.5 * predicted
    return x
