"""What a trainer needs to know of a network."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor, nn

SPATIAL, TEMPORAL = "spatial", "temporal"
"""Kinds of layers that may be learnt together; the names of their parameters begin with these and a dot."""
NONE: frozenset[str] = frozenset()
NOTHING: Mapping[str, Tensor] = {}


class Network(Protocol):
    """A network for clips, some of whose weights are learnt."""

    parameters: Mapping[str, nn.Parameter]
    """What is learnt, float32, by names that stay."""

    def predict(
        self,
        noisy: Tensor,
        timesteps: Tensor,
        context: Tensor,
        without: frozenset[str] = NONE,
        fixed: frozenset[str] = NONE,
        more: Mapping[str, Tensor] = NOTHING,
    ) -> Tensor:
        """What it predicts, like ``noisy``.

        Args:
            noisy: (clips, channels, frames, height, width).
            timesteps: (clips,) whole numbers.
            context: (clips, tokens, width).
            without: kinds of layers that are learnt and do not act here.
            fixed: kinds that act, but get no gradient here.
            more: what else it is shown of each clip, see `Batch.more`.
        """
        ...
