"""A new motion module: it does nothing yet, to the bit, because its output layers are zero (arXiv 2307.04725, 4.2)."""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..temporal import sinusoidal_positions
from .drawing import Draws

VERSIONS = {"AnimateDiff v3": False, "AnimateDiff v2": True}
"""Versions that may be begun, and whether they have a part for the middle block."""
POSITIONS = 32
ATTENTIONS = 2


def new_motion_module(widths: Sequence[int], version: str, seed: int, frames: int = 0) -> dict[str, Tensor]:
    """The tensors of a file in the layout of AnimateDiff, float32.

    Linear layers begin as torch begins them, uniform within 1 / sqrt(features in), as in the original trainer.

    Args:
        widths: channels of the levels of the UNet, the finest first.
        version: one of `VERSIONS`.
        frames: of the longest clip, if that is more than the position tables of the version have.
    """
    tensors: dict[str, Tensor] = {}
    draws = Draws(seed, 0)
    for place, width in _places(widths, VERSIONS[version]):
        for leaf, shape in _leaves(width):
            key = f"{place}.temporal_transformer.{leaf}"
            tensors[key] = _initial(key, leaf, shape, width, draws)
        table = sinusoidal_positions(max(POSITIONS, frames), width)[None]
        for n in range(ATTENTIONS):
            key = f"{place}.temporal_transformer.transformer_blocks.0.attention_blocks.{n}.pos_encoder.pe"
            tensors[key] = table.clone()
    return tensors


def _initial(key: str, leaf: str, shape: tuple[int, ...], width: int, draws: Draws) -> Tensor:
    if leaf.startswith("proj_out"):
        return torch.zeros(shape)
    if "norm" in leaf:
        return torch.ones(shape) if leaf.endswith("weight") else torch.zeros(shape)
    features = shape[1] if len(shape) == 2 else 4 * width if "ff.net.2" in leaf else width
    bound = 1.0 / math.sqrt(features)
    return torch.empty(shape).uniform_(-bound, bound, generator=draws.generator(key))


def _places(widths: Sequence[int], mid: bool) -> Iterator[tuple[str, int]]:
    for level, width in enumerate(widths):
        yield from ((f"down_blocks.{level}.motion_modules.{layer}", width) for layer in range(2))
    for level, width in enumerate(reversed(widths)):
        yield from ((f"up_blocks.{level}.motion_modules.{layer}", width) for layer in range(3))
    if mid:
        yield "mid_block.motion_modules.0", widths[-1]


def _leaves(c: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    block = "transformer_blocks.0."
    for norm in ("norm", f"{block}norms.0", f"{block}norms.1", f"{block}ff_norm"):
        yield from ((f"{norm}.{part}", (c,)) for part in ("weight", "bias"))
    for n in range(ATTENTIONS):
        yield from ((f"{block}attention_blocks.{n}.to_{letter}.weight", (c, c)) for letter in "qkv")
    linear = {f"{block}attention_blocks.{n}.to_out.0": (c, c) for n in range(ATTENTIONS)}
    linear |= {f"{block}ff.net.0.proj": (8 * c, c), f"{block}ff.net.2": (c, 4 * c)}
    linear |= {"proj_in": (c, c), "proj_out": (c, c)}
    for name, shape in linear.items():
        yield f"{name}.weight", shape
        yield f"{name}.bias", shape[:1]
