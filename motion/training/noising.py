"""The forward process of diffusion, and what a network is asked to predict (DDPM, arXiv 2006.11239).

``x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) e``, where a is the running product of 1 - beta. All arguments that are latents
are (clips, channels, frames, height, width); a clip has one timestep.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..sampling import SCHEDULES, zero_terminal
from .errors import TrainingError

EPSILON, VELOCITY = "epsilon", "v"
PREDICTIONS = (EPSILON, VELOCITY)
"""The noise, or ``sqrt(a_t) e - sqrt(1 - a_t) x_0`` (arXiv 2202.00512)."""


@dataclass(frozen=True, eq=False)
class Noising:
    """Noise levels, and what is predicted."""

    kept: Tensor
    """(timesteps,) float64, a_t: the part of the variance that is signal."""
    prediction: str = EPSILON

    @classmethod
    def of(cls, schedule: str, prediction: str = EPSILON, zero_snr: bool = False) -> "Noising":
        """The noise levels of a schedule of `motion.sampling`.

        Args:
            schedule: a key of its ``SCHEDULES``.
            zero_snr: rescale them so that nothing is left of the signal at the end (arXiv 2305.08891).

        Raises:
            TrainingError: the noise is to be predicted where there is nothing else.
        """
        if zero_snr and prediction == EPSILON:
            raise TrainingError(
                "A zero terminal signal-to-noise ratio leaves nothing to learn where the noise is predicted. Choose "
                "v-prediction with it."
            )
        sigmas = SCHEDULES[schedule].sigmas()
        kept = 1.0 / (1.0 + (zero_terminal(sigmas) if zero_snr else sigmas) ** 2)
        if zero_snr:
            kept[-1] = 0.0
        return cls(kept, prediction)

    def __len__(self) -> int:
        return len(self.kept)

    def noised(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """x_t."""
        signal, share = self._shares(timesteps, latents)
        return signal * latents + share * noise

    def target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """What the network should predict."""
        if self.prediction == EPSILON:
            return noise
        signal, share = self._shares(timesteps, latents)
        return signal * noise - share * latents

    def weights(self, timesteps: Tensor, gamma: float) -> Tensor:
        """(clips,) float32: how much each loss counts, min(SNR, gamma) as a weight of x_0 (arXiv 2303.09556).

        Divided by the SNR where the noise is predicted, by SNR + 1 for v. A gamma of 0 counts all alike. Where no
        signal is left at the end, nothing would be learnt there, and that is where sampling begins: then it is
        min(SNR + 1, gamma) / (SNR + 1), as in the trainer of Moore-AnimateAnyone.
        """
        if gamma <= 0.0:
            return torch.ones(len(timesteps))
        kept = self.kept[timesteps]
        ratio = kept / (1.0 - kept)
        below = ratio if self.prediction == EPSILON else ratio + 1.0
        above = below if float(self.kept[-1]) == 0.0 else ratio
        return (above.clamp(max=gamma) / below).float()

    def _shares(self, timesteps: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        kept = self.kept[timesteps.cpu()].view(-1, *[1] * (like.ndim - 1))
        return kept.sqrt().to(like), (1.0 - kept).sqrt().to(like)
