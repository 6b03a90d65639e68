"""What fits into which memory."""

import comfy.model_management
import torch

PIXEL_BYTES = 12
"""Three channels of float32."""
LARGEST_ON_DEVICE = 1 << 29
"""What is looked up at every step waits in main memory if it is larger than this many bytes."""


def shortage(pictures: int, width: int, height: int) -> tuple[float, float] | None:
    """Gigabytes that so many pictures need and gigabytes that are free, None if they fit."""
    return lacking(pictures * width * height * PIXEL_BYTES)


def lacking(needed: int) -> tuple[float, float] | None:
    """Gigabytes that so many bytes are and gigabytes that are free, None if they fit."""
    free = comfy.model_management.get_free_memory(torch.device("cpu"))
    return (needed / 1e9, free / 1e9) if needed > free else None


def resting_place(size: int, device: torch.device) -> torch.device:
    """Where something of so many bytes stays during a sampling that runs on a device."""
    return device if size <= LARGEST_ON_DEVICE else torch.device("cpu")
