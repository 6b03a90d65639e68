"""Seeded random motion files in the layouts of the published ones. Plain torch.

Every tensor depends only on the seed and its own name, so a file is the same whatever else is written.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor

Value = TypeVar("Value")
Shape = tuple[int, ...]

SD15 = (320, 640, 1280, 1280)
SDXL = (320, 640, 1280)
MINI = (320, 320, 320, 320)
"""Same places as SD1.5 at an eighth of the weights."""
SMALL = (32, 64, 128, 128)
"""Widths for tests of layouts, in the proportions of SD1.5's first three levels."""


def tensor(name: str, shape: Sequence[int], gain: float = 1.0, seed: int = 0) -> Tensor:
    """A random weight of variance gain² / fan-in; norm weights are near 1, other vectors near 0."""
    digest = hashlib.sha256(f"{seed}|{name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))
    values = torch.randn(tuple(shape), generator=generator)
    if len(shape) < 2:
        return 1.0 + 0.05 * values if name.endswith("weight") else 0.02 * values
    return values * (gain / math.sqrt(math.prod(shape[1:])))


def position_table(length: int, channels: int) -> Tensor:
    """The sinusoidal table as the published files store it: (1, length, channels)."""
    place = torch.arange(length, dtype=torch.float64)[:, None]
    rate = torch.exp(torch.arange(0, channels, 2, dtype=torch.float64) * (-math.log(10000.0) / channels))
    table = torch.zeros(1, length, channels, dtype=torch.float64)
    table[0, :, 0::2] = torch.sin(place * rate)
    table[0, :, 1::2] = torch.cos(place * rate)
    return table.float()


def motion_module(
    channels: Sequence[int] = SD15,
    mid: bool = True,
    positions: int | None = 32,
    seed: int = 0,
    zero_output: bool = False,
) -> dict[str, Tensor]:
    """A motion module in the original layout (v1: no mid, 24 positions; v2: mid, 32; v3: no mid, 32)."""
    state: dict[str, Tensor] = {}
    for place, width in places(channels, mid):
        for leaf, shape in leaves(width).items():
            name = f"{place}.temporal_transformer.{leaf}"
            zero = zero_output and leaf.startswith("proj_out")
            state[name] = torch.zeros(shape) if zero else tensor(name, shape, _gain(leaf), seed)
        for n in (0, 1) if positions else ():
            key = f"{place}.temporal_transformer.transformer_blocks.0.attention_blocks.{n}.pos_encoder.pe"
            state[key] = position_table(positions or 0, width)
    return state


def places(channels: Sequence[int], mid: bool) -> list[tuple[str, int]]:
    """(key prefix, width) of every motion module of a UNet with these level widths."""
    down = [(f"down_blocks.{i}.motion_modules.{j}", width) for i, width in enumerate(channels) for j in (0, 1)]
    up = [(f"up_blocks.{i}.motion_modules.{j}", w) for i, w in enumerate(reversed(channels)) for j in (0, 1, 2)]
    return down + up + ([("mid_block.motion_modules.0", channels[-1])] if mid else [])


def leaves(c: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes inside one temporal transformer of width c, position tables left out."""
    block = "transformer_blocks.0."
    shapes: dict[str, tuple[int, ...]] = {"norm.weight": (c,), "norm.bias": (c,)}
    for part in ("proj_in", "proj_out"):
        shapes |= {f"{part}.weight": (c, c), f"{part}.bias": (c,)}
    for n in (0, 1):
        shapes |= {f"{block}attention_blocks.{n}.to_{letter}.weight": (c, c) for letter in "qkv"}
        shapes |= {
            f"{block}attention_blocks.{n}.to_out.0.weight": (c, c),
            f"{block}attention_blocks.{n}.to_out.0.bias": (c,),
        }
        shapes |= {f"{block}norms.{n}.weight": (c,), f"{block}norms.{n}.bias": (c,)}
    shapes |= {f"{block}ff.net.0.proj.weight": (8 * c, c), f"{block}ff.net.0.proj.bias": (8 * c,)}
    shapes |= {f"{block}ff.net.2.weight": (c, 4 * c), f"{block}ff.net.2.bias": (c,)}
    return shapes | {f"{block}ff_norm.weight": (c,), f"{block}ff_norm.bias": (c,)}


def _gain(leaf: str) -> float:
    return 0.2 if leaf.startswith("proj_out") else 1.0


def motion_shapes(channels: Sequence[int] = SD15, mid: bool = True, positions: int | None = 32) -> dict[str, Shape]:
    """Shapes of `motion_module` with the same arguments, without its weights."""
    shapes: dict[str, Shape] = {}
    for place, width in places(channels, mid):
        for leaf, shape in leaves(width).items():
            shapes[f"{place}.temporal_transformer.{leaf}"] = shape
        for n in (0, 1) if positions else ():
            key = f"{place}.temporal_transformer.transformer_blocks.0.attention_blocks.{n}.pos_encoder.pe"
            shapes[key] = (1, positions or 0, width)
    return shapes


SPELLINGS = {
    "original": [],
    "HotshotXL": [
        (r"\.motion_modules\.(\d+)\.temporal_transformer\.", r".temporal_attentions.\1."),
        (r"pos_encoder\.pe$", "pos_encoder.positional_encoding"),
    ],
    "diffusers": [
        (r"\.temporal_transformer\.", "."),
        (r"attention_blocks\.0\.pos_encoder\.pe$", "pos_embed.pe"),
        (r".*attention_blocks\.1\.pos_encoder\.pe$", ""),
        (r"attention_blocks\.0\.", "attn1."),
        (r"attention_blocks\.1\.", "attn2."),
        (r"\bff_norm\.", "norm3."),
        (r"norms\.0\.", "norm1."),
        (r"norms\.1\.", "norm2."),
    ],
}
"""Renaming rules from the original layout; a key that becomes empty is not in the file."""


def respelled(state: Mapping[str, Value], spelling: str) -> dict[str, Value]:
    """A file in the original layout (tensors or shapes) as another code would have saved it."""
    found: dict[str, Value] = {}
    for name, value in state.items():
        renamed = name
        for pattern, replacement in SPELLINGS[spelling]:
            renamed = re.sub(pattern, replacement, renamed)
        if renamed:
            found[renamed] = value
    return found


def image_unet(channels: Sequence[int] = SD15, context: int = 768) -> dict[str, Shape]:
    """Shapes of the image UNet of SD1.5 in diffusers' naming, as training checkpoints hold it."""
    time, top = 4 * channels[0], len(channels) - 1
    shapes: dict[str, Shape] = layer("conv_in", channels[0], 4, 3, 3)
    shapes |= layer("time_embedding.linear_1", time, channels[0]) | layer("time_embedding.linear_2", time, time)
    skips = [channels[0]]
    for i, width in enumerate(channels):
        for j in (0, 1):
            before = channels[max(i - 1, 0)] if j == 0 else width
            shapes |= _resnet(f"down_blocks.{i}.resnets.{j}", before, width, time)
            shapes |= _spatial(f"down_blocks.{i}.attentions.{j}", width, context) if i < top else {}
            skips.append(width)
        if i < top:
            shapes |= layer(f"down_blocks.{i}.downsamplers.0.conv", width, width, 3, 3)
            skips.append(width)
    width = channels[-1]
    for j in (0, 1):
        shapes |= _resnet(f"mid_block.resnets.{j}", width, width, time)
    shapes |= _spatial("mid_block.attentions.0", width, context)
    for i, after in enumerate(reversed(channels)):
        for j in range(3):
            shapes |= _resnet(f"up_blocks.{i}.resnets.{j}", width + skips.pop(), after, time)
            shapes |= _spatial(f"up_blocks.{i}.attentions.{j}", after, context) if i > 0 else {}
            width = after
        shapes |= layer(f"up_blocks.{i}.upsamplers.0.conv", width, width, 3, 3) if i < top else {}
    return shapes | layer("conv_norm_out", width) | layer("conv_out", 4, width, 3, 3)


def under(prefix: str, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The same tensors as a trainer leaves them: with something before every key."""
    return {prefix + key: shape for key, shape in shapes.items()}


def layer(name: str, *shape: int) -> dict[str, Shape]:
    """Weight and bias of a layer."""
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _resnet(name: str, before: int, after: int, time: int) -> dict[str, Shape]:
    shapes = layer(f"{name}.norm1", before) | layer(f"{name}.conv1", after, before, 3, 3)
    shapes |= layer(f"{name}.time_emb_proj", after, time)
    shapes |= layer(f"{name}.norm2", after) | layer(f"{name}.conv2", after, after, 3, 3)
    return shapes | (layer(f"{name}.conv_shortcut", after, before, 1, 1) if before != after else {})


def _spatial(name: str, c: int, context: int) -> dict[str, Shape]:
    block = f"{name}.transformer_blocks.0"
    shapes = layer(f"{name}.norm", c) | layer(f"{name}.proj_in", c, c, 1, 1) | layer(f"{name}.proj_out", c, c, 1, 1)
    for n, source in ((1, c), (2, context)):
        shapes |= {f"{block}.attn{n}.to_{letter}.weight": (c, c if letter == "q" else source) for letter in "qkv"}
        shapes |= layer(f"{block}.attn{n}.to_out.0", c, c)
    for n in (1, 2, 3):
        shapes |= layer(f"{block}.norm{n}", c)
    return shapes | layer(f"{block}.ff.net.0.proj", 8 * c, c) | layer(f"{block}.ff.net.2", c, 4 * c)
