"""A plain second implementation of Animate Anyone (arXiv 2311.17117), to compare with.

The formulas are those of Moore's release and its relatives, the tensors those of their files, in diffusers' naming.
Slow, and sharing no code with the pack. Tensors are (clip, channel, frame, height, width) of any precision.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from .sparse import resnet
from .temporal import (
    State,
    attention,
    conv,
    geglu,
    group_norm,
    layer_norm,
    linear,
    spatial_transformer,
    temporal_transformer,
    timestep_embedding,
)

Banks = Mapping[str, Tensor]
"""What the ReferenceNet keeps, by the transformer that keeps it: (1, tokens, channels)."""
Spatial = Callable[[Tensor, str], Tensor]
"""A spatial transformer of a UNet, called with its features and its name."""

LAST = "up_blocks.3.attentions.2"


@dataclass(frozen=True)
class Guide:
    """What a pose guider gives, for the frames of a clip: first axis frames."""

    latent: Tensor | None = None
    """The paper's: added to the noisy latent."""
    maps: Sequence[Tensor] = field(default=())
    """The first is added behind the UNet's first convolution, and so is in its first skip connection (Moore, Champ).
    AniPortrait's others follow one level each going down, behind its downsampler and not in the skip connections."""


def reference_banks(latent: Tensor, clip: Tensor, state: State, heads: int = 8) -> dict[str, Tensor]:
    """What the ReferenceNet keeps of a picture, at timestep 0: the first norm's output in each spatial transformer.

    Args:
        latent: (1, 4, height, width).
        clip: (1, 1, 768), the picture's projected CLIP embedding.
        state: a ReferenceNet, or a whole UNet of that naming.
    """
    banks: dict[str, Tensor] = {}

    def write(x: Tensor, name: str) -> Tensor:
        banks[name] = layer_norm(_tokens(x, state, name), state, f"{name}.transformer_blocks.0.norm1")
        # nothing behind the last norm is ever read
        return x if name == LAST else spatial_transformer(x, clip, state, name, heads)

    _through(latent[:, :, None], 0.0, state, write, None, ())
    return banks


def denoise(
    x: Tensor,
    timestep: float,
    context: Tensor,
    state: State,
    motion: State | None = None,
    banks: Banks | None = None,
    guide: Guide | None = None,
    heads: int = 8,
) -> Tensor:
    """The denoising UNet on one half of the guidance: with a reference, or without.

    Keys and values of self-attention come from a frame's own tokens followed by those of the bank, in one softmax
    (the paper's concatenation along the width, of which only the own half is kept).

    Args:
        x: (clips, 4, frames, height, width).
        context: (clips, 1, 768), zeros without a reference.
        motion: motion modules in the original layout.
        banks: `reference_banks`; without them frames see only themselves.
        guide: the same on both halves, in all releases but those that read sound.
    """

    def read(x: Tensor, name: str) -> Tensor:
        bank = None if banks is None else banks[name]
        return _reading_transformer(x, context, bank, state, name, heads)

    latent = None if guide is None else guide.latent
    x = x if latent is None else x + latent.transpose(0, 1)
    x = _through(x, timestep, state, read, motion, () if guide is None else guide.maps)
    return conv(F.silu(group_norm(x, state, "conv_norm_out", 1e-5, per_frame=True)), state, "conv_out")


def _through(
    x: Tensor, timestep: float, state: State, spatial: Spatial, motion: State | None, maps: Sequence[Tensor]
) -> Tensor:
    """A UNet of diffusers' naming, up to what its last block gives."""
    width = state["time_embedding.linear_1.weight"].shape[1]
    emb = linear(timestep_embedding(timestep, width, x), state, "time_embedding.linear_1")
    emb = linear(F.silu(emb), state, "time_embedding.linear_2")

    def layer(x: Tensor, block: str, number: int) -> Tensor:
        x = resnet(x, emb, state, f"{block}.resnets.{number}")
        return after(x, block, number)

    def after(x: Tensor, block: str, number: int) -> Tensor:
        if f"{block}.attentions.{number}.norm.weight" in state:
            x = spatial(x, f"{block}.attentions.{number}")
        place = f"{block}.motion_modules.{number}"
        moves = motion is not None and f"{place}.temporal_transformer.norm.weight" in motion
        return temporal_transformer(x, motion, place) if motion is not None and moves else x

    def guided(x: Tensor, number: int) -> Tensor:
        return x + maps[number].transpose(0, 1) if number < len(maps) else x

    x = guided(conv(x, state, "conv_in"), 0)
    skips = [x]
    for level in range(4):
        block = f"down_blocks.{level}"
        for number in (0, 1):
            x = layer(x, block, number)
            skips.append(x)
        if f"{block}.downsamplers.0.conv.weight" in state:
            x = conv(x, state, f"{block}.downsamplers.0.conv", stride=2)
            skips.append(x)
        x = guided(x, level + 1)
    x = after(resnet(x, emb, state, "mid_block.resnets.0"), "mid_block", 0)
    x = resnet(x, emb, state, "mid_block.resnets.1")
    for level in range(4):
        block = f"up_blocks.{level}"
        for number in (0, 1, 2):
            x = layer(torch.cat([x, skips.pop()], dim=1), block, number)
        if f"{block}.upsamplers.0.conv.weight" in state:
            size = (x.shape[2], *skips[-1].shape[3:])
            x = conv(F.interpolate(x, size=size, mode="nearest"), state, f"{block}.upsamplers.0.conv")
    return x


def _tokens(x: Tensor, state: State, name: str) -> Tensor:
    """What enters the block of a spatial transformer: (clips and frames, tokens, channels)."""
    y = conv(group_norm(x, state, f"{name}.norm", 1e-6, per_frame=True), state, f"{name}.proj_in")
    return y.permute(0, 2, 3, 4, 1).flatten(2, 3).flatten(0, 1)


def _reading_transformer(
    x: Tensor, context: Tensor, bank: Tensor | None, state: State, name: str, heads: int
) -> Tensor:
    clips, _, frames, height, width = x.shape
    block = f"{name}.transformer_blocks.0"

    def attend(z: Tensor, source: Tensor, kind: str) -> Tensor:
        q, k, v = (linear(z if part == "q" else source, state, f"{block}.{kind}.to_{part}") for part in "qkv")
        return linear(attention(q, k, v, heads), state, f"{block}.{kind}.to_out.0")

    y = _tokens(x, state, name)
    z = layer_norm(y, state, f"{block}.norm1")
    seen = z if bank is None else torch.cat([z, bank.expand(z.shape[0], -1, -1)], dim=1)
    y = y + attend(z, seen, "attn1")
    y = y + attend(layer_norm(y, state, f"{block}.norm2"), context.repeat_interleave(frames, 0), "attn2")
    y = y + geglu(layer_norm(y, state, f"{block}.norm3"), state, f"{block}.ff")
    y = y.unflatten(0, (clips, frames)).unflatten(2, (height, width)).permute(0, 4, 1, 2, 3)
    return x + conv(y, state, f"{name}.proj_out")


@dataclass(frozen=True)
class Halves:
    """The two predictions of classifier-free guidance."""

    uncond: Tensor
    cond: Tensor

    def guided(self, scale: float) -> Tensor:
        """Their combination: uncond + scale (cond - uncond)."""
        return self.uncond + scale * (self.cond - self.uncond)


Predict = Callable[[Tensor, int, list[int]], Halves]
"""Both predictions for some frames of a latent, at a timestep; the last argument says which frames they are."""


def linear_betas() -> Tensor:
    """Betas of Moore, Champ, AniPortrait, EchoMimic and Hallo, float64."""
    return torch.linspace(0.00085, 0.012, 1000, dtype=torch.float64)


def scaled_linear_betas() -> Tensor:
    """Betas of MusePose and V-Express, float64: linear in their square roots."""
    return torch.linspace(math.sqrt(0.00085), math.sqrt(0.012), 1000, dtype=torch.float64) ** 2


def zero_snr_alphas(betas: Tensor) -> Tensor:
    """Cumulated alphas after the rescaling to zero terminal signal (arXiv 2305.08891, algorithm 1)."""
    root = torch.cumprod(1.0 - betas, 0).sqrt()
    return ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2


def sigmas(alphas: Tensor) -> Tensor:
    """Noise over signal, sqrt((1 - alpha) / alpha); infinite at the end if that has no signal."""
    return ((1.0 - alphas) / alphas).sqrt()


def trailing(steps: int) -> list[int]:
    """Timesteps that begin at the last one (arXiv 2305.08891, table 2)."""
    return [round(1000 - n * 1000 / steps) - 1 for n in range(steps)]


def sample(
    noise: Tensor,
    predict: Predict,
    alphas: Tensor,
    steps: int,
    scale: float,
    window: int = 24,
    overlap: int = 4,
    closed: bool = True,
    strided: bool = False,
) -> Tensor:
    """DDIM (arXiv 2010.02502) without randomness, for a model that predicts v (arXiv 2202.00512).

    Args:
        alphas: cumulated, for each timestep; the last step goes to 1.
        scale: of classifier-free guidance.
        strided: where a step goes to: a whole stride of 1000 // steps below its timestep, as diffusers has it, not the
            next timestep. There is a difference if ``steps`` does not divide 1000, as Moore's 30 do not.
    """
    x, times = noise, trailing(steps)
    for n, time in enumerate(times):
        v = aggregate(predict, x, time, window, overlap, closed).guided(scale)
        following = time - 1000 // steps if strided else [*times, -1][n + 1]
        alpha = alphas[time]
        target = alphas[following] if following >= 0 else torch.ones_like(alpha)
        clean = alpha.sqrt().to(x.dtype) * x - (1.0 - alpha).sqrt().to(x.dtype) * v
        dirt = alpha.sqrt().to(x.dtype) * v + (1.0 - alpha).sqrt().to(x.dtype) * x
        x = target.sqrt().to(x.dtype) * clean + (1.0 - target).sqrt().to(x.dtype) * dirt
    return x


def windows(frames: int, size: int, overlap: int, closed: bool = True) -> list[list[int]]:
    """Frames of each window, the same at every step.

    Moore's ``uniform`` at step 0 with stride 1: one begins every ``size - overlap`` frames and wraps at the end of the
    clip. A closed loop has one more where an open loop is at its end.
    """
    if frames <= size:
        return [list(range(frames))]
    starts = range(0, frames if closed else frames - overlap, size - overlap)
    return [[(start + n) % frames for n in range(size)] for start in starts]


def aggregate(predict: Predict, x: Tensor, timestep: int, size: int, overlap: int, closed: bool = True) -> Halves:
    """Predictions for a long clip: summed over windows and divided by how many saw each frame, each half by itself."""
    uncond, cond = torch.zeros_like(x), torch.zeros_like(x)
    hits = torch.zeros(x.shape[2], dtype=x.dtype)
    for seen in windows(x.shape[2], size, overlap, closed):
        found = predict(x[:, :, seen], timestep, seen)
        uncond[:, :, seen] += found.uncond
        cond[:, :, seen] += found.cond
        hits[seen] += 1
    return Halves(uncond / hits[:, None, None], cond / hits[:, None, None])
