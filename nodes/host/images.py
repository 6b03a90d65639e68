"""Pictures as other nodes hand them over: grey, coloured, transparent, of any size."""

import torch
from torch import Tensor

PIXELS = 8
"""Pixels to one place of a latent of Stable Diffusion."""


def in_colours(images: Tensor) -> Tensor:
    """Pictures as (pictures, height, width, 3): transparency plays no part.

    Args:
        images: (pictures, height, width, channels): grey, grey with transparency, colours, colours with transparency.
    """
    colours = 1 if images.shape[3] < 3 else 3
    return images[..., :colours].expand(*images.shape[:3], 3)


def is_finite(values: Tensor) -> bool:
    """Whether there is neither NaN nor infinity in any numbers.

    They are summed, which needs no memory, in single precision: in half a bright picture would add up to infinity.
    """
    return bool(values.sum(dtype=torch.float32).isfinite())
