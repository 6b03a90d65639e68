"""Seeded random motion files that animate a picture: PIA and AnimateLCM-I2V. Plain torch."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from .layouts import Shape, motion_module, tensor
from .names import LCM_I2V, PIA
from .weights import save


def pia_layer(width: int) -> dict[str, Shape]:
    """Shapes of PIA's first layer: a noisy latent of 4 channels, 1 of affinity, a picture of 4."""
    return {"conv_in.weight": (width, 9, 3, 3), "conv_in.bias": (width,)}


def picture_encoder(channels: Sequence[int]) -> dict[str, Shape]:
    """Shapes of AnimateLCM-I2V's encoder, for a UNet of these level widths."""
    shapes: dict[str, Shape] = {"img_encoder.conv_in.weight": (channels[0], 4, 3, 3)}
    shapes["img_encoder.conv_in.bias"] = (channels[0],)
    before = channels[0]
    for n, width in enumerate(width for width in channels for _ in range(2)):
        name = f"img_encoder.body.{n}"
        if width != before:
            shapes |= {f"{name}.in_conv.weight": (width, before, 1, 1), f"{name}.in_conv.bias": (width,)}
        shapes |= {f"{name}.block1.weight": (width, width, 3, 3), f"{name}.block1.bias": (width,)}
        shapes |= {f"{name}.block2.weight": (width, width, 1, 1), f"{name}.block2.bias": (width,)}
        before = width
    return shapes


def pia(channels: Sequence[int]) -> dict[str, Tensor]:
    """A PIA file: the layout of v3 and the first layer."""
    more = {key: tensor(f"pia.{key}", shape, 0.2) for key, shape in pia_layer(channels[0]).items()}
    return motion_module(channels, mid=False, positions=32) | more


def animatelcm_i2v(channels: Sequence[int]) -> dict[str, Tensor]:
    """An AnimateLCM-I2V file: v2 without position tables, and the encoder."""
    more = {key: tensor(key, shape, 0.5) for key, shape in picture_encoder(channels).items()}
    return motion_module(channels, mid=True, positions=None) | more


def write_pictured(channels: Sequence[int], folder: Path) -> None:
    """Write both."""
    save(pia(channels), folder / PIA)
    save(animatelcm_i2v(channels), folder / LCM_I2V)
