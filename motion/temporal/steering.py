"""What a camera adds in front of a temporal attention (CameraCtrl, arXiv 2404.02101, section 3.3)."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from ..values import Strength, at, of_frames


class Steering(NamedTuple):
    """A camera at one temporal transformer: ``n + strength * merge(n + features)`` in place of n."""

    merge: nn.Module
    """A linear layer."""
    features: Tensor
    """(clips or 1, frames, pixels, channels)."""
    strength: Strength = 1.0

    def at(self, pixels: slice, clips: slice) -> "Steering":
        """The same for some of the pixels and clips."""
        features = self.features[clips] if self.features.shape[0] > 1 else self.features
        return Steering(self.merge, features[:, :, pixels], at(self.strength, pixels, clips))

    def of_frames(self, frames: Sequence[int] | Tensor) -> "Steering":
        """The same for some of the frames."""
        return Steering(self.merge, self.features[:, frames], of_frames(self.strength, frames))

    def steer(self, normed: Tensor) -> Tensor:
        """What query, key and value are taken from, given (clips, frames, pixels, channels) with positions added."""
        change = self.merge(normed + self.features)
        if isinstance(self.strength, Tensor):
            change = change * self.strength.to(change)[..., None]
        elif self.strength != 1.0:
            change *= self.strength
        return change.add_(normed)
