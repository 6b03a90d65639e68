"""Noise schedules against their closed forms."""

import math

import pytest
import torch
from kinema.motion.sampling import SCHEDULES, distilled


def sigmas_by_loop(betas: list[float]) -> list[float]:
    kept, found = 1.0, []
    for beta in betas:
        kept *= 1.0 - beta
        found.append(math.sqrt((1.0 - kept) / kept))
    return found


def straight(low: float, high: float) -> list[float]:
    return [low + (high - low) * i / 999 for i in range(1000)]


CLOSED = {
    "sqrt_linear (AnimateDiff)": straight(0.00085, 0.012),
    "linear (AnimateDiff-SDXL)": [x * x for x in straight(math.sqrt(0.00085), math.sqrt(0.020))],
    "linear (HotshotXL/default)": [x * x for x in straight(math.sqrt(0.00085), math.sqrt(0.012))],
    "sqrt": [math.sqrt(x) for x in straight(0.00085, 0.012)],
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_form(name: str) -> None:
    wanted = torch.tensor(sigmas_by_loop(CLOSED[name]), dtype=torch.float64)
    assert torch.allclose(SCHEDULES[name].sigmas(), wanted, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "highest"),
    [
        ("sqrt_linear (AnimateDiff)", 25.146),
        ("sqrt_linear (DDPM)", 157.41),
        ("linear (AnimateDiff-SDXL)", 65.93),
        ("linear (HotshotXL/default)", 14.615),
    ],
)
def test_published_highest_sigma(name: str, highest: float) -> None:
    assert float(SCHEDULES[name].sigmas()[-1]) == pytest.approx(highest, rel=1e-3)


def test_cosine_follows_its_survival_curve() -> None:
    sigmas = SCHEDULES["cosine"].sigmas()
    for i in (0, 100, 500, 900):
        t = (i + 1) / 1000
        kept = math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2 / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
        assert float(sigmas[i]) == pytest.approx(math.sqrt((1 - kept) / kept), rel=1e-6)


@pytest.mark.parametrize("name", SCHEDULES)
def test_noise_only_grows(name: str) -> None:
    sigmas = SCHEDULES[name].sigmas()
    assert sigmas.shape == (1000,)
    assert bool((sigmas[1:] > sigmas[:-1]).all())


@pytest.mark.parametrize("timesteps", [25, 50, 100])
def test_distilled_keeps_every_nth_from_the_last(timesteps: int) -> None:
    sigmas = SCHEDULES["lcm"].sigmas()
    skip = 1000 // timesteps
    wanted = [float(sigmas[999 - i * skip]) for i in range(timesteps)][::-1]
    assert distilled(sigmas, timesteps).tolist() == wanted


AUTHORS = {
    # noise levels of six steps under the authors' own configurations and scheduler
    "lcm sqrt_linear (AnimateLCM)": (100, [25.1, 10.2, 4.56, 2.28, 1.24, 0.60]),
    "lcm sqrt_linear (AnimateLCM-I2V)": (200, [41.7, 14.2, 5.76, 2.64, 1.34, 0.63]),
}


@pytest.mark.parametrize("name", AUTHORS)
def test_animatelcm_steps_are_its_authors(name: str) -> None:
    timesteps, wanted = AUTHORS[name]
    schedule = SCHEDULES[name]
    assert schedule.lcm_timesteps == timesteps
    sigmas = distilled(schedule.sigmas(), timesteps)
    steps = [float(sigmas[-1 - step * timesteps // 6]) for step in range(6)]
    assert steps == pytest.approx(wanted, rel=5e-3)
