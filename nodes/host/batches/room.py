"""Whether a batch fits into memory, before it is made."""

import torch

from ....motion.batches import BatchError
from ..memory import shortage_of


def make_sure_of_room(count: int, needed: int, device: torch.device) -> None:
    """Stop where so many frames would not fit.

    Args:
        needed: bytes.

    Raises:
        BatchError: they do not.
    """
    short = shortage_of(needed, device)
    if short is not None:
        raise BatchError(
            f"{count} frames take {short[0]:.1f} GB ({needed} bytes), but {short[1]:.1f} GB of memory are free. Take "
            "fewer frames, or make them smaller."
        )
