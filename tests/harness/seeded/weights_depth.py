"""A seeded random Depth Anything 3 (small, one view), in the layout ComfyUI loads. Needs ComfyUI on the path."""

import torch
from torch import Tensor

from .layouts import tensor

HEAD = {"head_dim_in": 384, "head_features": 32, "head_out_channels": (48, 96, 192, 384)}


def depth_anything() -> dict[str, Tensor]:
    """The small backbone with a narrow head for depth and sky."""
    import comfy.ops
    from comfy.ldm.depth_anything_3.model import DepthAnything3Net

    with torch.device("meta"):
        network = DepthAnything3Net("vits", out_layers=(5, 7, 9, 11), operations=comfy.ops.manual_cast, **HEAD)
    return {key: tensor(f"depth.{key}", value.shape).half() for key, value in network.state_dict().items()}
