"""PIA's picture (arXiv 2312.13964): what the UNet's first layer sees beside the noisy latent.

PIA widens that layer by five channels: how much a frame shall be like the picture (its *affinity*), and the latent of
the picture itself. The affinity falls with the distance from the frame where the picture stands. The other four
channels and the bias were trained as well; the authors use them on plain SD1.5, and a personalised model's own on that.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..formats import ADDED, LATENT

FIRST_LAYERS = {"auto": False, "checkpoint": False, "pia": True}
"""Whether the first layer takes its four channels of the noisy latent and its bias from PIA's file. Nothing in the
weights of an image model says that it is plain SD1.5: fine-tuning may move them less than PIA's training did."""
CUSTOM = "custom"
PRESETS: Mapping[str, tuple[float, ...]] = {
    "animation, small motion": (1.0, 0.9, 0.85, 0.85, 0.85, 0.8),
    "animation, medium motion": (1.0, 0.8, 0.8, 0.8, 0.79, 0.78, 0.75),
    "animation, large motion": (1.0, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.6, 0.5, 0.5),
    "loop, small motion": (1.0, 0.9, 0.85, 0.85, 0.85, *(0.8,) * 7, 0.85, 0.85, 0.9, 1.0),
    "loop, medium motion": (1.0, 0.8, 0.8, 0.8, 0.79, 0.78, *(0.75,) * 5, 0.78, 0.79, 0.8, 0.8, 1.0),
    "loop, large motion": (1.0, 0.8, 0.7, 0.7, 0.7, 0.7, 0.6, 0.5, 0.5, 0.6, 0.7, 0.7, 0.7, 0.7, 0.8, 1.0),
    "style transfer, small motion": (0.5, 0.4, 0.4, 0.4, 0.35, 0.3),
    "style transfer, medium motion": (0.5, 0.4, 0.4, 0.4, 0.35, 0.35, 0.3, 0.25, 0.2),
    "style transfer, large motion": (0.5, 0.2),
    CUSTOM: (1.0,),
}
"""Affinity by distance from the picture's frame, as the authors published it; the last number holds. Loops are for 16
frames and come back to the picture."""


def affinities(preset: str, frames: int, frame: int) -> list[float]:
    """The affinity of each frame of a clip.

    Args:
        preset: a key of `PRESETS`.
        frames: length of the clip. A loop comes back whatever its length: its middle is stretched or cut.
        frame: where the picture stands, 0 to ``frames`` - 1.
    """
    numbers = PRESETS[preset]
    distances = [abs(number - frame) for number in range(frames)]
    if not preset.startswith("loop"):
        return [numbers[min(distance, len(numbers) - 1)] for distance in distances]
    half = len(numbers) // 2
    out, back = numbers[:half], numbers[: half - 1 : -1]
    return [
        out[min(distance, half - 1)] if 2 * distance < frames else back[min(frames - 1 - distance, half - 1)]
        for distance in distances
    ]


class PictureInput(nn.Module):
    """PIA's first convolution: the five input channels that it adds to the UNet's own, and its version of those.

    A convolution is linear in its channels, so the sum of the five and the UNet's own is the one of nine.
    """

    def __init__(
        self, channels: int, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__()
        self.conv = operations.Conv2d(ADDED, channels, 3, padding=1, bias=False, dtype=dtype, device=device)
        self.latent = operations.Conv2d(LATENT, channels, 3, padding=1, dtype=dtype, device=device)

    def change(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """What an image model's first layer lacks of the one PIA was trained with.

        Args:
            weight: (channels, 4 or more, 3, 3), the noisy latent first.
            bias: (channels,).

        Returns:
            To be added to the weight's first four channels and to the bias, in float32.
        """
        own, trained = (weight[:, :LATENT], bias), (self.latent.weight, self.latent.bias)
        changes = (ours.to(theirs.device).float() - theirs.float() for ours, theirs in zip(trained, own, strict=True))
        return next(changes), next(changes)

    def forward(self, affinity: Tensor, picture: Tensor) -> Tensor:
        """What to add to the output of the UNet's first layer.

        Args:
            affinity: (frames, 1, height, width).
            picture: (1, 4, height, width), a latent in the scale of the UNet.

        Returns:
            (frames, channels, height, width).
        """
        return self.conv(torch.cat((affinity, picture.expand(affinity.shape[0], -1, -1, -1)), dim=1))
