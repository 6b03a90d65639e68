"""The guidance encoders of Champ (arXiv 2403.14781): depth, normals, meaning and skeleton, one file for each."""

from typing import Any

import torch
from torch import Tensor, nn

from .convolutions import MooreGuider
from .guider import GuiderKind, GuiderStructure
from .spatial import SpatialTransformer

HEADS = 8


class ChampGuider(MooreGuider):
    """Moore's convolutions with a transformer over the places of each frame before the last one.

    The maps of the encoders in use are summed; one that is not in use is left out of the sum. The files hold six more
    transformers that the authors' code never calls. All four have the same keys and shapes: who loads one says what its
    pictures show.
    """

    kind = GuiderKind("champ", "a guidance encoder of Champ")
    pixels = 1 << 19
    """Fewer than others: attention without a fused kernel keeps a logit for every two places of a frame."""

    def __init__(
        self, structure: GuiderStructure, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__(structure, operations, dtype, device)
        self.attention = SpatialTransformer(structure.inner[-1], structure.attended, HEADS, operations, dtype, device)

    def _read(self, frames: Tensor) -> Tensor:
        return self.attention(super()._read(frames))
