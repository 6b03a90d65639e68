"""The smallest network that a trainer can teach, and batches for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from kinema.motion.clips import Batch
from kinema.motion.training import NONE, NOTHING
from torch import Tensor, nn

CLIPS, CHANNELS, FRAMES, SIDE, WIDTH = 2, 4, 3, 2, 6


def batch(number: int) -> Batch:
    """Two clips of noise."""
    generator = torch.Generator().manual_seed(number)
    latents = torch.randn(CLIPS, CHANNELS, FRAMES, SIDE, SIDE, generator=generator)
    return Batch(latents, torch.randn(CLIPS, 5, WIDTH, generator=generator), (2 * number, 2 * number + 1))


@dataclass
class Toy:
    """Mixes channels by a spatial and a temporal matrix, and remembers how it was asked."""

    parameters: dict[str, nn.Parameter] = field(default_factory=dict)
    asked: list[tuple[tuple[int, ...], frozenset[str], frozenset[str]]] = field(default_factory=list)
    spoil: float = 1.0

    def __post_init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        for kind in ("spatial", "temporal"):
            matrix = torch.randn(CHANNELS, CHANNELS, generator=generator)
            self.parameters[f"{kind}.matrix"] = nn.Parameter(matrix * 0.1)
        self.parameters["temporal.text"] = nn.Parameter(torch.zeros(WIDTH))

    def predict(
        self,
        noisy: Tensor,
        timesteps: Tensor,
        context: Tensor,
        without: frozenset[str] = NONE,
        fixed: frozenset[str] = NONE,
        more: Mapping[str, Tensor] = NOTHING,
    ) -> Tensor:
        """A mix of its input."""
        self.asked.append((tuple(noisy.shape), without, fixed))
        result = noisy * (1.0 + timesteps.view(-1, 1, 1, 1, 1) / 1000.0)
        for kind in ("spatial", "temporal"):
            if kind not in without:
                matrix = self.parameters[f"{kind}.matrix"]
                matrix = matrix.detach() if kind in fixed else matrix
                result = result + torch.einsum("bcfhw,cd->bdfhw", noisy, matrix)
        text = (context.mean(1) @ self.parameters["temporal.text"]).view(-1, 1, 1, 1, 1)
        return (result + text) * self.spoil
