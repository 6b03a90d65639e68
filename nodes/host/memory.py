"""What fits into which memory."""

import comfy.model_management
import torch

PIXEL_BYTES = 12
"""Three channels of float32."""
MAIN = torch.device("cpu")
"""Main memory."""
LARGEST_ON_DEVICE = 1 << 29
"""What is looked up at every step waits in main memory if it is larger than this many bytes."""


def shortage(pictures: int, width: int, height: int) -> tuple[float, float] | None:
    """Gigabytes that so many pictures need and gigabytes that are free, None if they fit."""
    return shortage_of(pictures * width * height * PIXEL_BYTES)


def shortage_of(needed: int, device: torch.device = MAIN) -> tuple[float, float] | None:
    """Gigabytes in so many bytes and gigabytes that are free, None if they fit."""
    free = comfy.model_management.get_free_memory(device)
    return (needed / 1e9, free / 1e9) if needed > free else None


def resting_place(size: int, device: torch.device) -> torch.device:
    """Where something of so many bytes stays during a sampling that runs on a device."""
    return device if size <= LARGEST_ON_DEVICE else MAIN
