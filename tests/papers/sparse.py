"""A plain second implementation of SparseCtrl (arXiv 2311.16933), beside `reference`.

Written from the paper and the published key names; tensors are (clip, channel, frame, height, width).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from . import temporal as reference
from .temporal import State, conv, group_norm, linear

CONDITION = "controlnet_cond_embedding"


def sparse_control(
    hint: Tensor, mask: Tensor, timestep: float, context: Tensor, state: State, heads: int = 8, move: bool = True
) -> tuple[list[Tensor], Tensor]:
    """What a SparseCtrl adds to the skip connections of a UNet and to its middle.

    Args:
        hint: latents, or pictures of eight times the size, zero for frames without one.
        mask: one channel like ``hint``, 1 where there is a picture.
        context: (clips, tokens, channels).
        move: whether the motion layers act.
    """
    width = state["time_embedding.linear_1.weight"].shape[1]
    emb = reference.timestep_embedding(timestep, width, hint)
    emb = linear(F.silu(linear(emb, state, "time_embedding.linear_1")), state, "time_embedding.linear_2")
    read = condition(torch.cat([hint, mask], dim=1), state)
    noisy = torch.zeros(hint.shape[0], 4, *read.shape[2:], dtype=hint.dtype)
    x = conv(noisy, state, "conv_in") + read
    skips = [x]
    for level in range(4):
        block = f"down_blocks.{level}"
        for layer in (0, 1):
            x = resnet(x, emb, state, f"{block}.resnets.{layer}")
            if f"{block}.attentions.{layer}.norm.weight" in state:
                x = reference.spatial_transformer(x, context, state, f"{block}.attentions.{layer}", heads)
            if move:
                x = reference.temporal_transformer(x, state, f"{block}.motion_modules.{layer}", attentions=1)
            skips.append(x)
        if f"{block}.downsamplers.0.conv.weight" in state:
            x = conv(x, state, f"{block}.downsamplers.0.conv", stride=2)
            skips.append(x)
    x = resnet(x, emb, state, "mid_block.resnets.0")
    x = reference.spatial_transformer(x, context, state, "mid_block.attentions.0", heads)
    x = resnet(x, emb, state, "mid_block.resnets.1")
    outputs = [conv(skip, state, f"controlnet_down_blocks.{n}") for n, skip in enumerate(skips)]
    return outputs, conv(x, state, "controlnet_mid_block")


def condition(x: Tensor, state: State) -> Tensor:
    """One convolution for latents; seven, of which every second halves the size, and a last one for pictures."""
    if f"{CONDITION}.weight" in state:
        return conv(x, state, CONDITION)
    x = F.silu(conv(x, state, f"{CONDITION}.conv_in"))
    for n in range(6):
        x = F.silu(conv(x, state, f"{CONDITION}.blocks.{n}", stride=1 + n % 2))
    return conv(x, state, f"{CONDITION}.conv_out")


def resnet(x: Tensor, emb: Tensor, state: State, name: str) -> Tensor:
    """The residual block of the UNet in diffusers' naming."""
    h = conv(F.silu(group_norm(x, state, f"{name}.norm1", 1e-5, per_frame=True)), state, f"{name}.conv1")
    h = h + linear(F.silu(emb), state, f"{name}.time_emb_proj")[:, :, None, None, None]
    h = conv(F.silu(group_norm(h, state, f"{name}.norm2", 1e-5, per_frame=True)), state, f"{name}.conv2")
    skip = f"{name}.conv_shortcut"
    return (conv(x, state, skip) if f"{skip}.weight" in state else x) + h
