"""Seeded random motion files in the layouts of the published ones. Plain torch.

Every tensor depends only on the seed and its own name, so a file is the same whatever else is written.
"""

import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor

SD15 = (320, 640, 1280, 1280)
SDXL = (320, 640, 1280)
MINI = (320, 320, 320, 320)
"""Same places as SD1.5 at an eighth of the weights."""


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
