"""Seeded random CameraCtrl files in the layout of CameraCtrl_pruned."""

from collections.abc import Sequence

from torch import Tensor

from .layouts import MINI, SD15, Shape, places, position_table, tensor

MERGE = "temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.qkv_merge"
POSITIONS = 16


def camera_shapes(channels: Sequence[int] = SD15) -> dict[str, Shape]:
    """Name and shape of every tensor of a file for motion modules of these widths."""
    shapes: dict[str, Shape] = {}
    for level, width in enumerate(channels):
        for layer in (0, 1):
            block = f"encoder_down_conv_blocks.{level}.{layer}"
            before = channels[max(level - 1, 0)]
            if not layer and before != width:
                shapes |= {f"{block}.in_conv.weight": (width, before, 1, 1), f"{block}.in_conv.bias": (width,)}
            for part, side in (("block1", 3), ("block2", 1)):
                shapes |= {f"{block}.{part}.weight": (width, width, side, side), f"{block}.{part}.bias": (width,)}
            block = f"encoder_down_attention_blocks.{level}.{layer}"
            attention = f"{block}.attention_blocks.0"
            shapes |= {f"{attention}.to_{letter}.weight": (width, width) for letter in "qkv"}
            shapes |= {f"{attention}.to_out.0.weight": (width, width), f"{attention}.to_out.0.bias": (width,)}
            shapes[f"{attention}.pos_encoder.pe"] = (1, POSITIONS, width)
            shapes |= {f"{block}.{part}.{kind}": (width,) for part in ("norms.0", "ff_norm") for kind in WEIGHT_BIAS}
            shapes |= {f"{block}.ff.net.0.proj.weight": (8 * width, width), f"{block}.ff.net.0.proj.bias": (8 * width,)}
            shapes |= {f"{block}.ff.net.2.weight": (width, 4 * width), f"{block}.ff.net.2.bias": (width,)}
    shapes |= {"encoder_conv_in.weight": (channels[0], 384, 3, 3), "encoder_conv_in.bias": (channels[0],)}
    for place, width in places(channels, mid=False):
        shapes |= {f"{place}.{MERGE}.weight": (width, width), f"{place}.{MERGE}.bias": (width,)}
    return shapes


WEIGHT_BIAS = ("weight", "bias")


def camera_ctrl(channels: Sequence[int] = MINI, seed: int = 0) -> dict[str, Tensor]:
    """A file that steers motion modules of these widths."""
    return {
        key: position_table(*shape[1:]) if key.endswith(".pe") else tensor(f"camera.{key}", shape, _gain(key), seed)
        for key, shape in camera_shapes(channels).items()
    }


def _gain(key: str) -> float:
    # residual branches that are not small let the features grow from block to block
    return 0.4 if "block2" in key or "to_out" in key or "ff.net.2" in key else 1.0
