"""How one clip fades into another."""

import torch
from torch import Tensor

LINEAR, SMOOTH = CURVES = ("linear", "smooth")


def shares(overlap: int, curve: str) -> Tensor:
    """How much there is of the second clip in each frame they share, (overlap,), more than 0 and less than 1.

    The frame before has nothing of it and the frame behind nothing else, so the steps are even from one to the other.
    """
    steps = torch.arange(1, overlap + 1) / (overlap + 1)
    return steps * steps * (3 - 2 * steps) if curve == SMOOTH else steps
