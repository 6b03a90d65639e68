"""The residual block of T2I-Adapter (arXiv 2302.08453), which encoders of pictures and of camera paths are made of."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """x + block2(relu(block1(x))), after halving the size and changing the width where that is due."""

    def __init__(self, before: int, channels: int, operations: Any, halves: bool = False, **held: Any) -> None:
        """Make a block.

        Args:
            before: channels that come in.
            halves: whether the picture is halved first.
            held: dtype and device.
        """
        super().__init__()
        self.halves = halves
        self.in_conv = operations.Conv2d(before, channels, 1, **held) if before != channels else None
        self.block1 = operations.Conv2d(channels, channels, 3, padding=1, **held)
        self.block2 = operations.Conv2d(channels, channels, 1, **held)

    def forward(self, x: Tensor) -> Tensor:
        """(frames, before, height, width) to (frames, channels, height, width), halved if so made."""
        if self.halves:
            # an odd side rounds up, as the UNet's own does
            x = F.avg_pool2d(x, 2, ceil_mode=True)
        if self.in_conv is not None:
            x = self.in_conv(x)
        return x + self.block2(F.relu(self.block1(x)))
