"""Frames in another size, as the host's own nodes make them."""

import comfy.utils
from torch import Tensor

from ....motion.batches import Resize

METHODS = ("bilinear", "bicubic", "area", "nearest-exact", "bislerp")
"""What the host has for pictures, masks and latents alike."""
CROPS = ("center", "disabled")


def resizer(method: str, crop: str) -> Resize:
    """The host's way to resize, for layers of (frames, channels, height, width)."""

    def resize(layers: Tensor, width: int, height: int) -> Tensor:
        return comfy.utils.common_upscale(layers, width, height, method, crop)

    return resize
