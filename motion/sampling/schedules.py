"""Noise schedules by name, as the noise levels of DDPM (arXiv 2006.11239) in k-diffusion's sigma units.

A motion module works only with the schedule it was trained with. AnimateDiff trained on betas that rise linearly
(its section 4.1), which samplers in this field call ``sqrt_linear``; Stable Diffusion's own betas, linear
in their square root, are called ``linear``. AnimateLCM (arXiv 2402.00769) was distilled on betas of the first kind, its
version for pictures up to a higher last one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

STEPS = 1000
START, END = 0.00085, 0.012
DDPM = 0.0001, 0.02
"""First and last beta of DDPM, in AnimateDiff's ablation the schedule least like that of Stable Diffusion."""
LCM_PICTURE_END = 0.014
"""Last beta of AnimateLCM-I2V."""


@dataclass(frozen=True)
class Schedule:
    """Noise levels of one name, and the few timesteps a distilled (LCM) model was taught, if any."""

    sigmas: Callable[[], Tensor]
    lcm_timesteps: int | None = None


def betas_to_sigmas(betas: Tensor) -> Tensor:
    """sqrt((1 - a) / a) with a the running product of 1 - beta, (steps,) float64."""
    kept = torch.cumprod(1.0 - betas, dim=0)
    return ((1.0 - kept) / kept).sqrt()


def _straight(start: float = START, end: float = END) -> Tensor:
    return torch.linspace(start, end, STEPS, dtype=torch.float64)


def _square(end: float = END) -> Tensor:
    return _straight(math.sqrt(START), math.sqrt(end)) ** 2


def _capped(survival: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    kept = survival(points)
    return (1.0 - kept[1:] / kept[:-1]).clamp(0.0, 0.999)


def _cosine() -> Tensor:
    """Nichol and Dhariwal (arXiv 2102.09672), equation 17, with the offset s = 0.008."""
    points = torch.arange(STEPS + 1, dtype=torch.float64) / STEPS
    return _capped(lambda t: torch.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2, points)


def _mean() -> Tensor:
    return (betas_to_sigmas(_straight()) + betas_to_sigmas(_square())) / 2


SCHEDULES = {
    "sqrt_linear (AnimateDiff)": Schedule(lambda: betas_to_sigmas(_straight())),
    "linear (AnimateDiff-SDXL)": Schedule(lambda: betas_to_sigmas(_square(0.020))),
    "linear (HotshotXL/default)": Schedule(lambda: betas_to_sigmas(_square())),
    "sqrt_linear (DDPM)": Schedule(lambda: betas_to_sigmas(_straight(*DDPM))),
    "avg(sqrt_linear,linear)": Schedule(_mean),
    "lcm": Schedule(lambda: betas_to_sigmas(_square()), 50),
    "lcm[100_ots]": Schedule(lambda: betas_to_sigmas(_square()), 100),
    "lcm >> sqrt_linear": Schedule(lambda: betas_to_sigmas(_straight()), 50),
    "lcm avg(sqrt_linear,linear)": Schedule(_mean, 50),
    "lcm sqrt_linear (AnimateLCM)": Schedule(lambda: betas_to_sigmas(_straight()), 100),
    "lcm sqrt_linear (AnimateLCM-I2V)": Schedule(lambda: betas_to_sigmas(_straight(end=LCM_PICTURE_END)), 200),
    "sqrt": Schedule(lambda: betas_to_sigmas(_straight().sqrt())),
    "cosine": Schedule(lambda: betas_to_sigmas(_cosine())),
    "squaredcos_cap_v2": Schedule(lambda: betas_to_sigmas(_cosine())),
}
"""Every schedule by the name shared workflows use; those that name AnimateLCM and DDPM are of their authors."""


def distilled(sigmas: Tensor, timesteps: int) -> Tensor:
    """The noise levels an LCM was taught (arXiv 2310.04378): every (steps / timesteps)-th, counted from the last."""
    skip = len(sigmas) // timesteps
    return sigmas[skip - 1 :: skip][-timesteps:]


TERMINAL = 2e4
"""The last noise level of a schedule that ends in noise alone, in place of infinity: the first step is off by 1 / this,
and by rounding the large number, both 5e-5 of what comes out."""


def zero_terminal(sigmas: Tensor) -> Tensor:
    """Noise levels rescaled so that the last step has no signal (arXiv 2305.08891, algorithm 1), (steps,) float64.

    The signal's share s = 1 / sqrt(1 + sigma^2) becomes (s - s_T) s_1 / (s_1 - s_T): zero at the end, the same at the
    beginning.
    """
    signal = 1.0 / (1.0 + sigmas.double() ** 2).sqrt()
    signal = (signal - signal[-1]) * signal[0] / (signal[0] - signal[-1])
    rescaled = (1.0 / signal[:-1] ** 2 - 1.0).sqrt()
    return torch.cat([rescaled, rescaled.new_tensor([TERMINAL])])
