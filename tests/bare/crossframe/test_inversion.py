"""DDIM inversion equals the formula of its paper, and a sampling leads back."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from kinema.motion.crossframe import ddim_inversion, relative_error
from torch import Tensor

from tests.papers import crossframe as reference

SHAPE = (4, 4, 6, 6)


def levels(steps: int) -> Tensor:
    """Rising noise levels from 0 as Stable Diffusion has them."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas = (1 - betas).cumprod(0)
    sigmas = ((1 - alphas) / alphas).sqrt()
    return torch.cat([torch.zeros(1, dtype=torch.float64), sigmas[1 :: 1000 // steps]])


def noise_in(x: Tensor, level: Any) -> Tensor:
    """A model whose prediction depends smoothly on the picture it sees and on the noise level."""
    return torch.tanh(1.3 * x + 0.2 * x.roll(1, 0) + 0.1 * torch.log1p(torch.as_tensor(level).double()))


def model(x: Tensor, sigma: Tensor) -> Tensor:
    level = sigma[:, None, None, None]
    return x - level * noise_in(x / (1 + level**2).sqrt(), level)


def sampled(x: Tensor, sigmas: Tensor) -> Tensor:
    for level, after in pairwise(sigmas):
        x = x + (after - level) * (x - model(x, level.expand(len(x)))) / level
    return x


def clip() -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.mark.parametrize("steps", [2, 10, 50])
def test_equals_the_paper(steps: int) -> None:
    sigmas = levels(steps)
    alphas = (1 / (1 + sigmas**2)).tolist()
    wanted = reference.inverted(clip(), alphas, lambda x, step: noise_in(x, sigmas[step]))
    found = ddim_inversion(model, clip(), sigmas) / (1 + sigmas[-1] ** 2).sqrt()
    assert relative_error(found, wanted) <= 1e-12


def test_the_way_back_is_closer_with_more_steps() -> None:
    errors = []
    for steps in (5, 10, 20, 50, 100):
        sigmas = levels(steps)
        errors.append(relative_error(sampled(ddim_inversion(model, clip(), sigmas), sigmas.flip(0)), clip()))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 5


def test_every_step_is_told() -> None:
    told: list[dict[str, Any]] = []
    sigmas = levels(10)
    ddim_inversion(model, clip(), sigmas, callback=told.append)
    assert [each["i"] for each in told] == list(range(10))
    assert all(torch.isfinite(each["denoised"]).all() for each in told)
