"""Seeded random SparseCtrl files in the layout of the published ones. Plain torch."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from .layouts import MINI, SD15, Shape, image_unet, leaves, position_table, tensor

CONDITION = "controlnet_cond_embedding"
WIDTHS = (16, 32, 96, 256)
"""Channels inside what reads scribbles."""


def sparse_shapes(kind: str, channels: Sequence[int] = SD15) -> dict[str, Shape]:
    """Shapes of v3_sd15_sparsectrl_rgb or v3_sd15_sparsectrl_scribble."""
    shapes = {
        key: shape
        for key, shape in image_unet(channels).items()
        if not key.startswith(("up_blocks", "conv_norm_out", "conv_out"))
    }
    for level, width in enumerate(channels):
        for layer in (0, 1):
            place = f"down_blocks.{level}.motion_modules.{layer}.temporal_transformer"
            shapes |= {f"{place}.{leaf}": shape for leaf, shape in leaves(width).items() if "s.1." not in leaf}
            shapes[f"{place}.transformer_blocks.0.attention_blocks.0.pos_encoder.pe"] = (1, 32, width)
    outputs = [channels[0]]
    for level, width in enumerate(channels):
        outputs += [width] * (2 if level == len(channels) - 1 else 3)
    for n, width in enumerate(outputs):
        shapes |= _conv(f"controlnet_down_blocks.{n}", width, width, 1)
    shapes |= _conv("controlnet_mid_block", channels[-1], channels[-1], 1)
    if kind == "rgb":
        return shapes | _conv(CONDITION, channels[0], 5, 3)
    shapes |= _conv(f"{CONDITION}.conv_in", WIDTHS[0], 4, 3)
    for n, (before, after) in enumerate(pairwise(WIDTHS)):
        shapes |= _conv(f"{CONDITION}.blocks.{2 * n}", before, before, 3)
        shapes |= _conv(f"{CONDITION}.blocks.{2 * n + 1}", after, before, 3)
    return shapes | _conv(f"{CONDITION}.conv_out", channels[0], WIDTHS[-1], 3)


def _conv(name: str, after: int, before: int, size: int) -> dict[str, Shape]:
    return {f"{name}.weight": (after, before, size, size), f"{name}.bias": (after,)}


def sparse_control(kind: str, channels: Sequence[int] = MINI, gain: float = 0.1) -> dict[str, Tensor]:
    """A SparseCtrl; ``gain`` is how much of it reaches the UNet, which is nothing before training."""
    state = {}
    for key, shape in sparse_shapes(kind, channels).items():
        if key.endswith("pos_encoder.pe"):
            state[key] = position_table(shape[1], shape[2])
        else:
            leaves_it = key.startswith(("controlnet_down_blocks", "controlnet_mid_block"))
            state[key] = tensor(f"sparse.{key}", shape, gain if leaves_it else 1.0)
    return state
