"""A seeded random ControlNet for the mini SD1.5, in the layout of the published ones. Needs ComfyUI on the path."""

import torch
from torch import Tensor

from .layouts import tensor
from .weights import UNET

UNET_ONLY = ("out_channels", "transformer_depth_output")


def controlnet() -> dict[str, Tensor]:
    """The way down of the UNet, a reader of pictures, and an output for each block."""
    from comfy.cldm.cldm import ControlNet

    config = {key: value for key, value in UNET.items() if key not in UNET_ONLY}
    config = {key: list(value) if isinstance(value, list) else value for key, value in config.items()}
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in ControlNet(**config, hint_channels=3).state_dict().items()}
    # what leaves it starts at zero in training; here it is small, so that it steers and does not drown the picture
    return {key: tensor(f"control.{key}", shape, 0.1 if _leaves(key) else 1.0) for key, shape in shapes.items()}


def _leaves(key: str) -> bool:
    return key.startswith(("zero_convs.", "middle_block_out."))
