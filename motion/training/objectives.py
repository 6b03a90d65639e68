"""What is minimised.

AnimateDiff learns all of its parts by the plain loss of diffusion (arXiv 2307.04725, equation 5). MotionDirector
(arXiv 2310.08465) learns a motion without the look of its clips by two paths.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..clips import Batch
from .drawing import Draws
from .network import SPATIAL, TEMPORAL, Network
from .noising import Noising

SKIPPED = 0.2
"""Part of the steps in which MotionDirector leaves the spatial path out."""
PULL, ANCHOR = math.sqrt(2.0), 1.0
"""How much a frame and the anchor count in the debiased loss: alpha of its equation 5 is their ratio."""


class Objective(Protocol):
    """A loss of a batch."""

    def loss(self, network: Network, batch: Batch, noising: Noising, draws: Draws) -> Tensor:
        """One number that gradients are taken of."""
        ...


@dataclass(frozen=True)
class Denoising:
    """|target - prediction|^2 with one timestep and one noise a clip."""

    gamma: float = 0.0
    """Of min-SNR weights, 0 for none."""
    offset: float = 0.0
    """How much noise is the same all over a channel of a clip, so that brightness is learnt; 0 for none."""

    def loss(self, network: Network, batch: Batch, noising: Noising, draws: Draws) -> Tensor:
        """The mean over everything, each clip weighted by its timestep."""
        drawn = _drawn(batch, noising, draws, self.offset)
        predicted = network.predict(drawn.noisy, drawn.timesteps, batch.context, more=batch.more)
        return _weighted(predicted, drawn.target, noising.weights(drawn.timesteps, self.gamma))


@dataclass(frozen=True)
class DualPath:
    """MotionDirector's: the look of one frame goes to spatial layers, what is left to temporal ones.

    The temporal loss also compares every frame with one frame of the clip, after which the look that both share counts
    for less (its equation 5).
    """

    gamma: float = 0.0
    offset: float = 0.0

    def loss(self, network: Network, batch: Batch, noising: Noising, draws: Draws) -> Tensor:
        """The spatial loss of a frame, except in a fifth of the steps, plus the temporal and the debiased loss."""
        drawn = _drawn(batch, noising, draws, self.offset)
        weights = noising.weights(drawn.timesteps, self.gamma)
        frames = batch.latents.shape[2]
        skipped = draws.happens(SKIPPED, "without the look")
        one = int(draws.whole(1, frames, "frame"))
        predicted = network.predict(
            drawn.noisy,
            drawn.timesteps,
            batch.context,
            without=frozenset({SPATIAL} if skipped else ()),
            fixed=frozenset({SPATIAL}),
            more=batch.more,
        )
        loss = _weighted(predicted, drawn.target, weights)
        anchor = int(draws.whole(1, frames, "anchor"))
        loss = loss + _weighted(_pulled(predicted, anchor), _pulled(drawn.target, anchor), weights)
        if skipped:
            return loss
        still = network.predict(
            drawn.noisy[:, :, one : one + 1],
            drawn.timesteps,
            batch.context,
            without=frozenset({TEMPORAL}),
            more=batch.more,
        )
        return loss + _weighted(still, drawn.target[:, :, one : one + 1], weights)


@dataclass(frozen=True)
class Drawn:
    """A noisy batch."""

    noisy: Tensor
    timesteps: Tensor
    target: Tensor


def _drawn(batch: Batch, noising: Noising, draws: Draws, offset: float) -> Drawn:
    latents = batch.latents
    timesteps = draws.whole(len(batch), len(noising), "timestep")
    noise = draws.normal(latents.shape, "noise", latents)
    if offset:
        noise = noise + offset * draws.normal((*latents.shape[:2], 1, 1, 1), "offset", latents)
    return Drawn(noising.noised(latents, noise, timesteps), timesteps, noising.target(latents, noise, timesteps))


def _pulled(x: Tensor, anchor: int) -> Tensor:
    return PULL * x - ANCHOR * x[:, :, anchor : anchor + 1]


def _weighted(predicted: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    errors = torch.nn.functional.mse_loss(predicted.float(), target.float(), reduction="none")
    return (errors.flatten(1).mean(1) * weights.to(errors)).mean()
