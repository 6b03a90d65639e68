"""Seeded Tune-A-Video files in the layout of the published ones: a UNet of diffusers with temporal self-attentions."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from .layouts import SD15, Shape, image_unet, layer, tensor
from .layouts_adapter import spatial_transformers

QUERIES = ("attn1.to_q.weight", "attn2.to_q.weight")


def blocks(channels: Sequence[int]) -> Iterator[tuple[str, str, int]]:
    """Each transformer block as diffusers names it and as the original code does, and its width."""
    for place, block, width in spatial_transformers(channels):
        yield f"{place}.transformer_blocks.0", f"{block}.transformer_blocks.0", width


def temporal_shapes(channels: Sequence[int] = SD15) -> dict[str, Shape]:
    """What Tune-A-Video adds to the UNet."""
    shapes: dict[str, Shape] = {}
    for place, _, c in blocks(channels):
        shapes |= {f"{place}.attn_temp.to_{letter}.weight": (c, c) for letter in "qkv"}
        shapes |= layer(f"{place}.attn_temp.to_out.0", c, c) | layer(f"{place}.norm_temp", c)
    return shapes


def one_shot_shapes(channels: Sequence[int] = SD15, whole: bool = True) -> dict[str, Shape]:
    """Shapes of a file, with the rest of the UNet or only what was trained."""
    shapes = temporal_shapes(channels)
    if whole:
        return image_unet(channels) | shapes
    for place, _, c in blocks(channels):
        shapes |= dict.fromkeys((f"{place}.{leaf}" for leaf in QUERIES), (c, c))
    return shapes


def one_shot(channels: Sequence[int] = SD15, whole: bool = False, seed: int = 0) -> dict[str, Tensor]:
    """A file with random weights, whose temporal layers change something."""
    return {name: tensor(name, shape, seed=seed) for name, shape in one_shot_shapes(channels, whole).items()}


def beginning(channels: Sequence[int], unet: dict[str, Tensor]) -> dict[str, Tensor]:
    """What a training begins with: the image model's queries, and temporal layers that add zero.

    Args:
        unet: weights in the original layout.
    """
    state = one_shot(channels)
    for place, block, c in blocks(channels):
        state |= {f"{place}.{leaf}": unet[f"{block}.{leaf}"] for leaf in QUERIES}
        state[f"{place}.attn_temp.to_out.0.weight"] = torch.zeros(c, c)
        state[f"{place}.attn_temp.to_out.0.bias"] = torch.zeros(c)
    return state
