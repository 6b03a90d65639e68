"""A plain second implementation of AnimateDiff, in the five dimensions of its paper, to compare with.

Written from the paper and the published key names alone; slow, allocation-happy, and sharing no code with the
pack. Tensors are (clip, channel, frame, height, width). ``per_frame`` norms see one frame at a time, the others
all frames of a clip, as the original's `use_inflated_groupnorm` switch decides.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

State = Mapping[str, Tensor]
Steer = Callable[[Tensor, str], Tensor]
"""Changes what the first attention of the motion module at a place sees."""
Reads = Callable[[int], Sequence[int]]
"""The frames that the spatial self-attention of a frame takes its keys and values from."""


def group_norm(x: Tensor, state: State, name: str, eps: float, per_frame: bool) -> Tensor:
    """Group norm with 32 groups."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    if per_frame:
        return torch.stack([F.group_norm(frame, 32, weight, bias, eps) for frame in x.unbind(2)], dim=2)
    return F.group_norm(x, 32, weight, bias, eps)


def linear(x: Tensor, state: State, name: str) -> Tensor:
    """A linear layer on the last axis."""
    return F.linear(x, state[f"{name}.weight"], state.get(f"{name}.bias"))


def conv(x: Tensor, state: State, name: str, stride: int = 1) -> Tensor:
    """A 2-D convolution of every frame."""
    weight = state[f"{name}.weight"]
    frames = [F.conv2d(f, weight, state[f"{name}.bias"], stride, weight.shape[-1] // 2) for f in x.unbind(2)]
    return torch.stack(frames, dim=2)


def layer_norm(x: Tensor, state: State, name: str) -> Tensor:
    """Layer norm on the last axis."""
    return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Multi-head attention of (batch, tokens, channels), softmax(q kᵀ / sqrt(d)) v."""
    q, k, v = (t.unflatten(-1, (heads, -1)).transpose(-2, -3) for t in (q, k, v))
    weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
    return (weights @ v).transpose(-2, -3).flatten(-2)


def geglu(x: Tensor, state: State, name: str) -> Tensor:
    """The gated feed-forward, exact GELU."""
    value, gate = linear(x, state, f"{name}.net.0.proj").chunk(2, dim=-1)
    return linear(value * F.gelu(gate), state, f"{name}.net.2")


def temporal_transformer(
    x: Tensor, state: State, place: str, pool_motion: bool = False, attentions: int = 2, steer: Steer | None = None
) -> Tensor:
    """One motion module of the original layout at ``place`` (for example down_blocks.0.motion_modules.0)."""
    name = f"{place}.temporal_transformer"
    clips, channels, frames, height, width = x.shape
    y = group_norm(x, state, f"{name}.norm", 1e-6, per_frame=not pool_motion)
    y = y.permute(0, 3, 4, 2, 1).reshape(-1, frames, channels)
    y = linear(y, state, f"{name}.proj_in")
    block = f"{name}.transformer_blocks.0"
    for n in range(attentions):
        a = f"{block}.attention_blocks.{n}"
        z = layer_norm(y, state, f"{block}.norms.{n}") + state[f"{a}.pos_encoder.pe"][:, :frames]
        if steer is not None and n == 0:
            z = steer(z, place)
        mixed = attention(*(linear(z, state, f"{a}.to_{letter}") for letter in "qkv"), heads=8)
        y = linear(mixed, state, f"{a}.to_out.0") + y
    y = geglu(layer_norm(y, state, f"{block}.ff_norm"), state, f"{block}.ff") + y
    y = linear(y, state, f"{name}.proj_out").reshape(clips, height, width, frames, channels)
    return x + y.permute(0, 4, 3, 1, 2)


def unet(
    x: Tensor,
    timestep: float,
    context: Tensor,
    state: State,
    motion: State,
    heads: int = 8,
    pool_resnets: bool = False,
    steer: Steer | None = None,
    features: Sequence[Tensor] = (),
    control: tuple[Sequence[Tensor], Tensor] | None = None,
    reads: Reads | None = None,
) -> Tensor:
    """An SD1.5 UNet of the ldm layout with a motion module.

    Args:
        x: (clips, 4, frames, height, width).
        context: (clips, tokens, 768).
        pool_resnets: AnimateDiff v1: ResBlock and output norms over all frames.
        steer: CameraCtrl, see `reference_camera`.
        features: AnimateLCM-I2V: for each level (frames or 1, width, height, width), added in front of its second
            motion module going down.
        control: what a ControlNet adds to each skip connection and to the middle.
        reads: without it frames read themselves.
    """
    width = state["time_embed.0.weight"].shape[1]
    emb = timestep_embedding(timestep, width, x)
    emb = linear(F.silu(linear(emb, state, "time_embed.0")), state, "time_embed.2")

    def block(x: Tensor, name: str, place: str | None) -> Tensor:
        moved = place is None
        for i in range(4):
            part = f"{name}.{i}"
            if f"{part}.in_layers.0.weight" in state:
                x = resblock(x, emb, state, part, pool_resnets)
                attends = f"{name}.{i + 1}.norm.weight" in state
                if not moved and not attends:
                    x, moved = move(x, place), True
            elif f"{part}.norm.weight" in state:
                x = spatial_transformer(x, context, state, part, heads, reads)
                if not moved:
                    x, moved = move(x, place), True
            elif f"{part}.op.weight" in state:
                x = conv(x, state, f"{part}.op", stride=2)
            elif f"{part}.conv.weight" in state:
                x = conv(x.repeat_interleave(2, 3).repeat_interleave(2, 4), state, f"{part}.conv")
            elif f"{part}.weight" in state:
                x = conv(x, state, part)
        return x

    def move(x: Tensor, place: str | None) -> Tensor:
        known = f"{place}.temporal_transformer.norm.weight" in motion
        for level, feature in enumerate(features):
            if place == f"down_blocks.{level}.motion_modules.1":
                x = x + feature.transpose(0, 1)
        return temporal_transformer(x, motion, str(place), steer=steer) if known else x

    skips = []
    for i in range(12):
        level, layer = divmod(i - 1, 3)
        place = f"down_blocks.{level}.motion_modules.{layer}" if i and layer < 2 else None
        x = block(x, f"input_blocks.{i}", place)
        skips.append(x)
    x = block(x, "middle_block", "mid_block.motion_modules.0")
    if control is not None:
        skips = [skip + more for skip, more in zip(skips, control[0], strict=True)]
        x = x + control[1]
    for i in range(12):
        x = torch.cat([x, skips.pop()], dim=1)
        x = block(x, f"output_blocks.{i}", "up_blocks.{}.motion_modules.{}".format(*divmod(i, 3)))
    x = F.silu(group_norm(x, state, "out.0", 1e-5, per_frame=not pool_resnets))
    return conv(x, state, "out.2")


def with_pia(state: State, pia: State, personalised: bool) -> dict[str, Tensor]:
    """An SD1.5 UNet whose first layer is PIA's convolution of nine channels (arXiv 2312.13964).

    Args:
        personalised: whether it keeps its own four channels of the noisy latent and its bias, as the authors have it
            with models other than the one PIA was trained on. Channels after those four stay its own in any case.
    """
    name = "input_blocks.0.0"
    own, trained = state[f"{name}.weight"], pia["conv_in.weight"]
    latent, bias = (own[:, :4], state[f"{name}.bias"]) if personalised else (trained[:, :4], pia["conv_in.bias"])
    weight = torch.cat([latent, own[:, 4:], trained[:, 4:]], dim=1)
    return {**state, f"{name}.weight": weight, f"{name}.bias": bias}


def timestep_embedding(timestep: float, width: int, like: Tensor) -> Tensor:
    """Cosines and sines of the timestep, (clips, width)."""
    rate = torch.exp(-math.log(10000.0) * torch.arange(width // 2, dtype=torch.float32) / (width // 2))
    angle = torch.full((like.shape[0], 1), float(timestep)) * rate
    return torch.cat([angle.cos(), angle.sin()], dim=-1).to(like.dtype)


def resblock(x: Tensor, emb: Tensor, state: State, name: str, pooled: bool) -> Tensor:
    """The residual block of the UNet."""
    h = conv(F.silu(group_norm(x, state, f"{name}.in_layers.0", 1e-5, not pooled)), state, f"{name}.in_layers.2")
    h = h + linear(F.silu(emb), state, f"{name}.emb_layers.1")[:, :, None, None, None]
    h = conv(F.silu(group_norm(h, state, f"{name}.out_layers.0", 1e-5, not pooled)), state, f"{name}.out_layers.3")
    skip = f"{name}.skip_connection"
    return (conv(x, state, skip) if f"{skip}.weight" in state else x) + h


def spatial_transformer(
    x: Tensor, context: Tensor, state: State, name: str, heads: int, reads: Reads | None = None
) -> Tensor:
    """Self- and cross-attention within each frame, or of the self-attention from other frames."""
    clips, channels, frames, height, width = x.shape
    y = group_norm(x, state, f"{name}.norm", 1e-6, per_frame=True)
    y = conv(y, state, f"{name}.proj_in").permute(0, 2, 3, 4, 1).reshape(clips * frames, -1, channels)
    text = context.repeat_interleave(frames, 0)
    block = f"{name}.transformer_blocks.0"
    for n, kind in ((1, "attn1"), (2, "attn2")):
        z = layer_norm(y, state, f"{block}.norm{n}")
        source = z if n == 1 else text
        if n == 1 and reads is not None:
            rows = [[clip * frames + row for row in reads(frame)] for clip in range(clips) for frame in range(frames)]
            source = torch.stack([torch.cat([z[row] for row in each]) for each in rows])
        q = linear(z, state, f"{block}.{kind}.to_q")
        k, v = (linear(source, state, f"{block}.{kind}.to_{letter}") for letter in "kv")
        y = linear(attention(q, k, v, heads), state, f"{block}.{kind}.to_out.0") + y
    y = geglu(layer_norm(y, state, f"{block}.norm3"), state, f"{block}.ff") + y
    y = y.reshape(clips, frames, height, width, channels).permute(0, 4, 1, 2, 3)
    return x + conv(y, state, f"{name}.proj_out")


def picture_encoder(x: Tensor, state: State, drift: Tensor | None = None) -> list[Tensor]:
    """The encoder of AnimateLCM-I2V: a T2I-Adapter (arXiv 2302.08453) of a (pictures, 4, height, width) latent.

    Args:
        drift: (frames, width), added after the first convolution.
    """

    def layer(x: Tensor, name: str) -> Tensor:
        weight = state[f"img_encoder.{name}.weight"]
        return F.conv2d(x, weight, state[f"img_encoder.{name}.bias"], padding=weight.shape[-1] // 2)

    x, found = layer(x, "conv_in"), []
    if drift is not None:
        x = torch.stack([x[0] + row[:, None, None] for row in drift])
    for n in range(8):
        if n in (2, 4, 6):
            odd = (x.shape[3] % 2, x.shape[2] % 2)
            # a last odd row or column counts alone
            x = F.pad(x, (0, odd[0], 0, odd[1]), mode="replicate").unfold(2, 2, 2).unfold(3, 2, 2).mean((4, 5))
        if f"img_encoder.body.{n}.in_conv.weight" in state:
            x = layer(x, f"body.{n}.in_conv")
        x = x + layer(layer(x, f"body.{n}.block1").clamp(min=0), f"body.{n}.block2")
        if n % 2:
            found.append(x)
    return found
