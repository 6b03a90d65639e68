"""How strong something is: a number, changing from frame to frame, or different from place to place in the picture."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .curves import Curve

Strength = float | Tensor
"""A number, or a (frames, pixels or 1) tensor in the resolution of the layer that uses it."""


def at(strength: Strength, pixels: slice) -> Strength:
    """The part of a strength that belongs to some of the pixels."""
    if isinstance(strength, Tensor) and strength.shape[1] > 1:
        return strength[:, pixels]
    return strength


@dataclass(frozen=True, eq=False)
class Varying:
    """A strength that may follow a curve over the frames of the whole clip, and a mask in the picture."""

    number: float = 1.0
    curve: Curve | None = None
    mask: Tensor | None = None
    """(frames, height, width) in 0..1 and any resolution, one for all frames or one each; the last one repeats."""

    @property
    def is_zero(self) -> bool:
        """Whether it is nothing at every frame and place."""
        flat = self.curve is not None and not any(value for _, value in self.curve.keys)
        return self.number == 0.0 or flat or (self.mask is not None and not bool(self.mask.any()))

    def over(
        self,
        frames: Sequence[int],
        size: tuple[int, int],
        device: Any = None,
        resized: MutableMapping[Any, Tensor] | None = None,
    ) -> Strength:
        """The strength of some frames at the resolution of one layer.

        Args:
            frames: their numbers in the whole clip.
            size: height and width of the layer.
            resized: keeps masks in the resolutions they were asked for.

        Returns:
            The number itself if nothing varies, else a float32 (frames, pixels or 1) tensor.
        """
        result: Strength = self.number
        if self.curve is not None:
            result = torch.tensor([[self.number * self.curve.at(frame)] for frame in frames], device=device)
        if self.mask is not None:
            kept = {} if resized is None else resized
            key = (self, size, device)
            if key not in kept:
                kept[key] = _resized(self.mask, size).to(device)
            last = self.mask.shape[0] - 1
            result = result * kept[key][[min(frame, last) for frame in frames]]
        return result


def _resized(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """(frames, height, width) to (frames, pixels) of another resolution, bilinear."""
    return F.interpolate(mask[:, None].float(), size, mode="bilinear", align_corners=False).flatten(1)
