"""Guiders that are convolutions alone: the one that was published, and the paper's."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .guider import AT_LATENT, Guider, GuiderKind, GuiderStructure

CHANNELS = 3
PAPER = GuiderStructure((16, 32, 64, 128), (4,))
"""The channels that the paper states, and those of the latent."""


class MooreGuider(Guider):
    """The pose guider of Moore-AnimateAnyone, which most relatives took over.

    ``conv_out(silu(blocks(silu(conv_in(x)))))``: a 3x3 convolution, then one that keeps the size and one that halves
    it, three times, and a projection to the width of the UNet. It differs from the paper's in all of that. MusePose,
    Moore's face animation, V-Express and EchoMimic v2 have files of the same keys and shapes: nothing tells them apart,
    so they are accepted. (Some of them leave the half without guidance alone, which is for who adds the map to know.)
    """

    kind = GuiderKind("moore", "the pose guider of Moore-AnimateAnyone and MusePose")

    def __init__(
        self, structure: GuiderStructure, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__(structure, dtype)
        held = {"padding": 1, "dtype": dtype, "device": device}
        first, *rest = structure.inner
        self.conv_in = operations.Conv2d(CHANNELS, first, 3, **held)
        self.blocks = nn.ModuleList()
        for before, after in zip(structure.inner, rest, strict=False):
            self.blocks.append(operations.Conv2d(before, before, 3, **held))
            self.blocks.append(operations.Conv2d(before, after, 3, stride=2, **held))
        self.conv_out = operations.Conv2d(structure.inner[-1], structure.maps[0], 3, **held)

    def forward(self, frames: Tensor) -> list[Tensor]:
        """(frames, 3, height, width) in [0, 1] to one map at 1/8 of the size."""
        return [self.conv_out(self._read(frames))]

    def _read(self, frames: Tensor) -> Tensor:
        x = F.silu(self.conv_in(frames))
        for block in self.blocks:
            x = F.silu(block(x))
        return x


class PaperGuider(Guider):
    """The Pose Guider as the paper describes it (arXiv 2311.17117, section 3.2); its file was never published.

    Four 4x4 convolutions of stride 2 with 16, 32, 64 and 128 channels, then a projection that starts at zero, added to
    the noisy latent. Four halvings give 1/16 of a picture, while the paper says that they bring it to the resolution of
    the latent, which is 1/8. Here the picture comes in at twice the size of the clip (bilinear), which keeps every
    kernel, stride and channel as stated. The alternatives: a last stride of 1 would change one of the four (and a
    kernel of 4 has no padding that keeps the size), and enlarging the result would blur it over two pixels of the
    latent.
    The paper names no activation between the convolutions; it is SiLU, as in the published relatives.
    """

    kind = GuiderKind("paper", "a pose guider as the paper of Animate Anyone describes it")
    entries = (AT_LATENT,)

    def __init__(
        self, structure: GuiderStructure, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__(structure, dtype)
        held = {"dtype": dtype, "device": device}
        befores = (CHANNELS, *structure.inner)
        self.blocks = nn.ModuleList(
            operations.Conv2d(before, after, 4, stride=2, padding=1, **held)
            for before, after in zip(befores, structure.inner, strict=False)
        )
        self.conv_out = operations.Conv2d(structure.inner[-1], structure.maps[0], 1, **held)

    def forward(self, frames: Tensor) -> list[Tensor]:
        """(frames, 3, height, width) in [0, 1] to one map like the latent."""
        x = F.interpolate(frames, scale_factor=2, mode="bilinear", align_corners=False)
        for block in self.blocks:
            x = F.silu(block(x))
        return [self.conv_out(x)]


def fresh_guider(seed: int, structure: GuiderStructure = PAPER) -> PaperGuider:
    """A guider of the paper to train: Gaussian weights and a zero projection, so that it changes nothing yet.

    The paper does not state the width of the Gaussian. It is that of He et al. (arXiv 1502.01852), sqrt(2 / inputs),
    which keeps the size of what passes through; biases are zero.
    """
    guider = PaperGuider(structure)
    generator = torch.Generator().manual_seed(seed)
    for block in guider.blocks:
        nn.init.kaiming_normal_(block.weight, generator=generator)  # type: ignore[arg-type]
        nn.init.zeros_(block.bias)  # type: ignore[arg-type]
    nn.init.zeros_(guider.conv_out.weight)
    nn.init.zeros_(guider.conv_out.bias)
    return guider
