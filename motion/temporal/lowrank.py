"""Low-rank terms beside the linear layers of a temporal transformer (LoRA, arXiv 2106.09685).

``y = W x + strength * scale * up(down(x))``: the weights stay as they are, and a strength may change from frame to
frame, from pixel to pixel and from step to step without any work on weights.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..values import Strength, at, of_frames


class LowRankLinear(nn.Module):
    """The product of two thin matrices."""

    def __init__(
        self,
        widths: tuple[int, int],
        rank: int,
        scale: float = 1.0,
        operations: Any = nn,
        dtype: torch.dtype | None = None,
        device: Any = None,
    ) -> None:
        """Make the layer without weights.

        Args:
            widths: features going in and coming out.
            scale: constant factor, alpha / rank where a file has an alpha.
        """
        super().__init__()
        self.widths, self.scale = widths, scale
        self.down = operations.Linear(widths[0], rank, bias=False, dtype=dtype, device=device)
        self.up = operations.Linear(rank, widths[1], bias=False, dtype=dtype, device=device)

    def forward(self, x: Tensor, strength: Strength = 1.0) -> Tensor:
        """(clips, frames, pixels, features) to the same with the features that come out."""
        inner = self.down(x)
        # in the middle, where the tensor is as narrow as the rank
        inner *= self.scale * (strength.to(inner)[..., None] if isinstance(strength, Tensor) else strength)
        return self.up(inner)


class Term(NamedTuple):
    """A low-rank layer and how strongly it acts."""

    layer: LowRankLinear
    strength: Strength


Terms = Mapping[str, Sequence[Term]]
"""What acts beside each linear layer of one temporal transformer, by the layer's canonical name."""
NO_TERMS: Terms = {}


def terms_at(terms: Terms, pixels: slice, clips: slice = slice(None)) -> Terms:
    """The same terms for some of the pixels and clips."""
    return _changed(terms, lambda strength: at(strength, pixels, clips))


def terms_of_frames(terms: Terms, frames: Sequence[int] | Tensor) -> Terms:
    """The same terms for some of the frames."""
    return _changed(terms, lambda strength: of_frames(strength, frames))


def _changed(terms: Terms, change: Callable[[Strength], Strength]) -> Terms:
    return {name: [Term(layer, change(strength)) for layer, strength in beside] for name, beside in terms.items()}


def adapted(linear: nn.Module, x: Tensor, beside: Sequence[Term] = ()) -> Tensor:
    """A linear layer plus the terms beside it."""
    y = linear(x)
    for layer, strength in beside:
        y += layer(x, strength)
    return y


def adapted_thirds(linear: nn.Module, x: Tensor, terms: Terms, names: Sequence[str]) -> Tensor:
    """A linear layer whose output is three stacked ones, plus the terms beside each of them."""
    y = linear(x)
    if terms:
        width = y.shape[-1] // 3
        for number, name in enumerate(names):
            for layer, strength in terms.get(name, ()):
                # one view at a time: gradients do not go through several that change together
                y.narrow(-1, number * width, width).add_(layer(x, strength))
    return y
