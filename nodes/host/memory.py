"""Whether pictures fit into main memory."""

import comfy.model_management
import torch

PIXEL_BYTES = 12
"""Three channels of float32."""


def shortage(pictures: int, width: int, height: int) -> tuple[float, float] | None:
    """Gigabytes that so many pictures need and gigabytes that are free, None if they fit."""
    needed = pictures * width * height * PIXEL_BYTES
    free = comfy.model_management.get_free_memory(torch.device("cpu"))
    return (needed / 1e9, free / 1e9) if needed > free else None
