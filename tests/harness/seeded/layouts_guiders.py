"""What the pose guiders of the Animate Anyone family look like, and seeded random ones. Plain torch.

A guider reads drawn poses and gives maps that fit a UNet: ``width`` is what its first convolution gives, 320 in the
published files.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from .layouts import SD15, Shape, layer, tensor

MOORE = (16, 32, 96, 256)
"""Channels inside the guiders of Moore, MusePose, V-Express, EchoMimic and Champ."""
PAPER = (16, 32, 64, 128)
"""Channels that Animate Anyone names (arXiv 2311.17117), and those of Hallo's face locator."""


def moore_guider(width: int = 320, inner: Sequence[int] = MOORE, reads: int = 3) -> dict[str, Shape]:
    """Shapes of Moore's guider: pictures to an eighth of their size, eight convolutions of 3 by 3.

    Args:
        width: channels of what it gives.
        inner: channels between, `MOORE` or `PAPER`.
        reads: channels of its pictures: 3, or 1 for the face mask of EchoMimic.
    """
    shapes = layer("conv_in", inner[0], reads, 3, 3)
    for n, (before, after) in enumerate(pairwise(inner)):
        shapes |= layer(f"blocks.{2 * n}", before, before, 3, 3) | layer(f"blocks.{2 * n + 1}", after, before, 3, 3)
    return shapes | layer("conv_out", width, inner[-1], 3, 3)


def echomimic_locator(width: int = 320) -> dict[str, Shape]:
    """Shapes of EchoMimic's ``face_locator``, which reads a mask of one channel."""
    return moore_guider(width, reads=1)


def champ_guider(width: int = 320) -> dict[str, Shape]:
    """Shapes of one of Champ's four guidance encoders; of its seven transformers only ``attentions.5`` acts."""
    shapes = moore_guider(width)
    for n, inner in enumerate(channels for pair in pairwise(MOORE) for channels in pair):
        shapes |= transformer(f"attentions.{n}", inner, inner)
    return shapes | transformer("guidance_attention", MOORE[-1], MOORE[-1])


ANIPORTRAIT = ((3, 3, 3), (3, 16, 4), (16, 16, 3), (16, 32, 4), (32, 32, 3), (32, 64, 4), (64, 64, 3), (64, 128, 3))
"""Channels before and after, and size, of AniPortrait's first convolutions; those of 4 by 4 halve the picture."""


def aniportrait_guider(channels: Sequence[int] = SD15, inner: int = 1408) -> dict[str, Shape]:
    """Shapes of AniPortrait's guider, which gives a map for each level of a UNet.

    Args:
        channels: widths of the levels, 320 to 1280 in the published file.
        inner: channels inside its transformers, a multiple of their 16 heads.
    """
    shapes: dict[str, Shape] = {"scale": (1,)}
    for n, (before, after, size) in enumerate(ANIPORTRAIT):
        shapes |= _normed(f"conv_layers.{3 * n}", f"conv_layers.{3 * n + 1}", after, before, size)
    shapes |= layer("final_proj", channels[0], ANIPORTRAIT[-1][1], 1, 1)
    before = channels[0]
    for n, after in enumerate(channels, 1):
        shapes |= _normed(f"conv_layers_{n}.0", f"conv_layers_{n}.1", before, before, 3)
        if n < len(channels):
            shapes |= _normed(f"conv_layers_{n}.3", f"conv_layers_{n}.4", after, before, 3)
        shapes |= transformer(f"cross_attn{n}", after, inner)
        before = after
    return shapes


def _normed(conv: str, norm: str, after: int, before: int, size: int) -> dict[str, Shape]:
    """A convolution and its batch norm, which has counters besides weights."""
    shapes = layer(conv, after, before, size, size) | layer(norm, after)
    return shapes | {f"{norm}.running_mean": (after,), f"{norm}.running_var": (after,), f"{norm}.{COUNTER}": ()}


COUNTER = "num_batches_tracked"


def paper_guider() -> dict[str, Shape]:
    """Shapes of the guider Animate Anyone describes (arXiv 2311.17117, section 3.2): four convolutions of 4 by 4.

    Nobody has published a file of it, so these names are Kinema's own. What it gives is added to the noisy latent.
    """
    shapes: dict[str, Shape] = {}
    for n, (before, after) in enumerate(pairwise((3, *PAPER))):
        shapes |= layer(f"blocks.{n}", after, before, 4, 4)
    return shapes | layer("conv_out", 4, PAPER[-1], 1, 1)


def transformer(name: str, outer: int, inner: int) -> dict[str, Shape]:
    """A spatial transformer with self-attention only."""
    block = f"{name}.transformer_blocks.0"
    shapes = layer(f"{name}.norm", outer) | layer(f"{name}.proj_in", inner, outer, 1, 1)
    shapes |= {f"{block}.attn1.to_{letter}.weight": (inner, inner) for letter in "qkv"}
    shapes |= layer(f"{block}.attn1.to_out.0", inner, inner)
    shapes |= layer(f"{block}.norm1", inner) | layer(f"{block}.norm3", inner)
    shapes |= layer(f"{block}.ff.net.0.proj", 8 * inner, inner) | layer(f"{block}.ff.net.2", inner, 4 * inner)
    return shapes | layer(f"{name}.proj_out", outer, inner, 1, 1)


GUIDERS = {
    "moore": moore_guider(),
    "moore_paper_widths": moore_guider(inner=PAPER),
    "echomimic_locator": echomimic_locator(),
    "champ": champ_guider(),
    "aniportrait": aniportrait_guider(),
    "paper": paper_guider(),
}
"""Every layout at the widths of SD1.5."""


def seeded_guider(shapes: Mapping[str, Shape], name: str, gain: float = 0.5, seed: int = 0) -> dict[str, Tensor]:
    """A guider of these shapes.

    Args:
        name: keeps two guiders of one layout apart.
        gain: how much of what it read leaves it, which is nothing before training.
    """
    return {key: _weight(f"{name}.{key}", shape, gain, seed) for key, shape in shapes.items()}


def _weight(name: str, shape: Shape, gain: float, seed: int) -> Tensor:
    if name.endswith(COUNTER):
        return torch.tensor(1000)
    if name.endswith(".scale"):
        return torch.full(shape, 2.0)
    values = tensor(name, shape, gain if ".conv_out." in name or ".final_proj." in name else _inside(name), seed)
    return 1.0 + values if name.endswith("running_var") else values


def _inside(name: str) -> float:
    if "proj_out" in name or "to_out" in name or "ff.net.2" in name:
        return 0.7
    # rectified layers halve what passes them: without this the poses would fade on the way
    return math.sqrt(2.0) if "conv" in name or ".blocks." in name else 1.0
