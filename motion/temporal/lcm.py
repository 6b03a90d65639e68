"""The picture encoder of AnimateLCM-I2V (arXiv 2402.00769, section 4.3).

It is a T2I-Adapter (arXiv 2302.08453) that reads a latent in place of a picture: a convolution, then two residual
blocks on each resolution level of the UNet, halved by averaging from one level to the next.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..formats import ENCODER_BLOCKS, LATENT
from .residual import ResidualBlock
from .transformer import sinusoidal_positions

DRIFT = 0.8
"""How much the authors' adapter and all of their examples add of the frame positions."""


class PictureEncoder(nn.Module):
    """A latent in, a feature for each resolution level of the UNet out."""

    def __init__(
        self, widths: Sequence[int], operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__()
        held: dict[str, Any] = {"dtype": dtype, "device": device}
        self.conv_in = operations.Conv2d(LATENT, widths[0], 3, padding=1, **held)
        each = [width for width in widths for _ in range(ENCODER_BLOCKS)]
        self.body = nn.ModuleList(
            # the first block of each level but the first comes from the level above
            ResidualBlock(each[max(n - 1, 0)], width, operations, n > 0 and n % ENCODER_BLOCKS == 0, **held)
            for n, width in enumerate(each)
        )

    def forward(self, latents: Tensor, drift: float = 0.0, numbers: Sequence[int] = ()) -> list[Tensor]:
        """Encode pictures.

        Args:
            latents: (pictures, 4, height, width) in the scale of the UNet.
            drift: how much of the sinusoidal table of frame positions is added after the first convolution, so that
                the frames need not be equally like the picture.
            numbers: with a drift, the number of each frame; one picture then serves all of them.

        Returns:
            A tensor for each level, (pictures or frames, width, height, width), halved from level to level and
            rounded up as the UNet does.
        """
        x = self.conv_in(latents)
        if drift:
            table = sinusoidal_positions(max(numbers) + 1, x.shape[1])[list(numbers)]
            x = x + drift * table[:, :, None, None].to(x)
        features = []
        for n, block in enumerate(self.body):
            x = block(x)
            if n % ENCODER_BLOCKS == ENCODER_BLOCKS - 1:
                features.append(x)
        return features
