"""What Tune-A-Video trains of an image UNet (arXiv 2212.11565, section 3.2).

The queries of both attentions of every transformer block, which begin as the image model's own, and a temporal
self-attention behind it. All other weights stay as they are, the temporal layers' norms among them.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .errors import OneShotError
from .layers import TemporalLayers, published_name
from .places import Place, place_of_layer

QUERIES = ("attn1.to_q.weight", "attn2.to_q.weight")
"""Of a transformer block: the image model's weights that are trained."""


class OneShotModel(nn.Module):
    """The trained parts as parameters: ``requires_grad`` says which are trained."""

    def __init__(
        self,
        base: Mapping[Place, Mapping[str, Tensor]],
        operations: Any = nn,
        dtype: torch.dtype | None = None,
        device: Any = None,
        generator: torch.Generator | None = None,
    ) -> None:
        """Begin a training: an identity, beside which frames read other frames.

        Args:
            base: the image model's own `QUERIES` at every place; they are copied.
            operations: makes the temporal layers; ``torch.nn``, or the host's, which compute in the dtype of their
                input whatever the weights are held in.
            generator: draws the new layers, on the CPU.

        Raises:
            OneShotError: the image model has no transformer blocks.
        """
        super().__init__()
        if not base:
            raise OneShotError("This model has no transformer blocks for Tune-A-Video. Load an SD1.5 checkpoint.")
        widths = {place: its[QUERIES[0]].shape[0] for place, its in base.items()}
        self.temporal = TemporalLayers(widths, operations, dtype, device)
        for layer in self.temporal.layers.values():
            layer.start(generator)  # type: ignore[operator]
            layer.norm_temp.requires_grad_(False)  # type: ignore[union-attr]
        self._names = {f"{place.layer}.{leaf}": _parameter(place, leaf) for place in base for leaf in QUERIES}
        self.own = nn.ParameterDict(
            {
                _parameter(place, leaf): nn.Parameter(its[leaf].detach().to(device, dtype, copy=True))
                for place, its in base.items()
                for leaf in QUERIES
            }
        )

    def get_dtype(self) -> torch.dtype | None:
        """Storage dtype of the weights, asked for by model managers."""
        return self.temporal.dtype

    @property
    def queries(self) -> dict[str, Tensor]:
        """The image model's trained weights by their names in the original layout."""
        return {name: self.own[parameter] for name, parameter in self._names.items()}

    def load_published(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `published` gave, to go on with a training.

        Raises:
            KeyError: a tensor is missing.
        """
        with torch.no_grad():
            for name, weight in self.by_name.items():
                weight.copy_(tensors[name])

    def published(self) -> dict[str, Tensor]:
        """A copy of all it holds under the names of Tune-A-Video's files, on the CPU, to be saved."""
        return {name: weight.detach().to("cpu", copy=True).contiguous() for name, weight in self.by_name.items()}

    @property
    def by_name(self) -> dict[str, nn.Parameter]:
        """Its parameters under the names of Tune-A-Video's files; those that ``requires_grad`` are trained."""
        state: dict[str, nn.Parameter] = {}
        for place in self.temporal.widths:
            state |= {f"{place}.{leaf}": self.own[_parameter(place, leaf)] for leaf in QUERIES}
            layer: Any = self.temporal.at(place.block, place.number)
            state |= {f"{place}.{published_name(name)}": weight for name, weight in layer.named_parameters()}
        return state


def base_queries(state: Mapping[str, Tensor]) -> dict[Place, dict[str, Tensor]]:
    """The image model's `QUERIES` at every place.

    Args:
        state: weights of a UNet by their names in the original layout; others among them are left out.
    """
    found: dict[Place, dict[str, Tensor]] = {}
    for name, weight in state.items():
        for leaf in QUERIES:
            place = place_of_layer(name.removesuffix(f".{leaf}")) if name.endswith(f".{leaf}") else None
            if place is not None:
                found.setdefault(place, {})[leaf] = weight
    return {place: its for place, its in found.items() if len(its) == len(QUERIES)}


def _parameter(place: Place, leaf: str) -> str:
    return f"{place.name}.{leaf}".replace(".", "_")
