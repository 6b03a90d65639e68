"""FreeInit: filters at known frequencies, the mix of two clips, and the step back to the last timestep."""

import math
from typing import Any

import pytest
import torch
from kinema.motion.sampling import FILTERS, SCHEDULES, FreeInitError, FreeInitOptions, low_pass, reinitialized
from kinema.motion.sampling.freeinit import diffused, mixed

SHAPES = [(16, 4, 8, 8), (7, 3, 5, 9), (1, 4, 8, 6), (24, 4, 6, 8)]


def randn(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def wave(shape: tuple[int, ...], *cycles: int) -> torch.Tensor:
    """A cosine with so many cycles over the frames, the height and the width."""
    frames, channels, height, width = shape
    t, y, x = torch.meshgrid(*(torch.arange(n) / n for n in (frames, height, width)), indexing="ij")
    phase = cycles[0] * t + cycles[1] * y + cycles[2] * x
    return torch.cos(2 * math.pi * phase)[:, None].expand(frames, channels, height, width)


def passes(options: FreeInitOptions, *frequencies: float) -> float:
    """What the filter should let pass of a frequency, given in parts of the highest one there is; plain numbers."""
    t, y, x = (abs(f) for f in frequencies)
    distance = math.sqrt((t / options.d_t) ** 2 + (y / options.d_s) ** 2 + (x / options.d_s) ** 2)
    return {
        "gaussian": math.exp(-(distance**2) / 2),
        "butterworth": 1 / (1 + distance ** (2 * options.order)),
        "ideal": float(distance <= 1),
        "box": float(t <= options.d_t and y <= options.d_s and x <= options.d_s),
    }[options.filter]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("filter", FILTERS)
def test_filters_against_one_frequency_at_a_time(shape: tuple[int, ...], filter: str) -> None:
    options = FreeInitOptions(filter=filter, d_s=0.3, d_t=0.6, order=3)
    found = low_pass(shape, options)
    frames, _, height, width = shape
    assert found.shape == (frames, 1, height, width // 2 + 1)
    assert float(found.max()) == 1.0
    for t in range(frames):
        for y in range(height):
            for x in range(width // 2 + 1):
                # bins past the middle are negative frequencies; half the number of samples is the highest
                steps = [min(n, size - n) / (size / 2) for n, size in ((t, frames), (y, height), (x, width))]
                assert float(found[t, 0, y, x]) == pytest.approx(passes(options, *steps), rel=1e-5), (t, y, x)


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("cycles", [(0, 0, 0), (1, 0, 0), (3, 2, 0), (0, 1, 3), (5, 3, 2), (8, 0, 0)])
def test_waves_pass_as_the_filter_says(filter: str, cycles: tuple[int, int, int]) -> None:
    shape = (16, 4, 8, 8)
    options = FreeInitOptions(filter=filter, d_s=0.5, d_t=0.4)
    found = mixed(wave(shape, *cycles), torch.zeros(shape), low_pass(shape, options))
    part = passes(options, cycles[0] / 8, cycles[1] / 4, cycles[2] / 4)
    torch.testing.assert_close(found, part * wave(shape, *cycles), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_and_nothing(shape: tuple[int, ...]) -> None:
    low, high = randn(shape, 1), randn(shape, 2)
    all_of_it = low_pass(shape, FreeInitOptions(filter="box", d_s=1.0, d_t=1.0))
    assert bool((all_of_it == 1).all())
    torch.testing.assert_close(mixed(low, high, all_of_it), low, rtol=1e-5, atol=1e-5)
    for filter in FILTERS:
        for nothing in ({"d_s": 0.0}, {"d_t": 0.0}):
            assert torch.equal(mixed(low, high, low_pass(shape, FreeInitOptions(filter=filter, **nothing))), high)
        shared = mixed(low, low, low_pass(shape, FreeInitOptions(filter=filter)))
        torch.testing.assert_close(shared, low)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("filter", FILTERS)
def test_mixing_is_the_papers_sum_of_two_spectra(shape: tuple[int, ...], filter: str) -> None:
    """F^-1(H F(z) + (1 - H) F(noise)) with whole complex spectra in double precision, and nothing imaginary left."""
    low, high = randn(shape, 1), randn(shape, 2)
    options = FreeInitOptions(filter=filter)
    sizes = [shape[axis] for axis in (0, 2, 3)]
    grid = [torch.fft.fftfreq(size, dtype=torch.float64) * 2 for size in sizes]
    whole = torch.tensor([[[passes(options, t, y, x) for x in grid[2]] for y in grid[1]] for t in grid[0]])
    spectra = [torch.fft.fftn(clip.double(), dim=(0, 2, 3)) for clip in (low, high)]
    wanted = torch.fft.ifftn(whole[:, None] * spectra[0] + (1 - whole[:, None]) * spectra[1], dim=(0, 2, 3))
    assert float(wanted.imag.abs().max()) < 1e-12
    torch.testing.assert_close(mixed(low, high, low_pass(shape, options)), wanted.real.float(), rtol=1e-4, atol=1e-5)


def test_diffusing_is_ddpm_in_other_units() -> None:
    sigma = float(SCHEDULES["sqrt_linear (AnimateDiff)"].sigmas()[-1])
    kept = math.prod(1 - beta for beta in torch.linspace(0.00085, 0.012, 1000, dtype=torch.float64).tolist())
    x0, noise = randn((16, 4, 8, 8), 1), randn((16, 4, 8, 8), 2)
    wanted = math.sqrt(kept) * x0 + math.sqrt(1 - kept) * noise
    torch.testing.assert_close(diffused(x0, noise, sigma), wanted, rtol=1e-5, atol=1e-6)
    assert math.sqrt(kept) == pytest.approx(0.0397, abs=1e-4), "what is left of the clip at AnimateDiff's last timestep"


def test_the_next_noise_has_the_clips_mean_and_the_fresh_noises_detail() -> None:
    shape, sigma = (16, 4, 32, 32), 25.15
    initial, fresh = randn(shape, 1), randn(shape, 2)
    x0 = randn(shape, 3) + 3
    found = reinitialized(x0, initial, fresh, sigma, low_pass(shape, FreeInitOptions()))
    wanted = diffused(x0, initial, sigma).mean((0, 2, 3))
    torch.testing.assert_close(found.mean((0, 2, 3)), wanted, rtol=1e-4, atol=1e-5)
    checkers = wave(shape, 8, 16, 16)
    torch.testing.assert_close((found * checkers).mean((0, 2, 3)), (fresh * checkers).mean((0, 2, 3)))
    # a mix of independent noises with H and 1 - H has at most the variance of either
    assert 0.9 < float(found.var()) < 1.01


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"filter": "notch"}, "no filter 'notch'. Choose one of gaussian"),
        ({"iterations": 0}, "iterations is 0; it must lie between 1 and 100"),
        ({"d_s": 1.5}, "d_s is 1.5"),
        ({"d_t": float("nan")}, "d_t is nan"),
        ({"order": 0}, "order is 0"),
    ],
)
def test_answers(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(FreeInitError, match=words):
        FreeInitOptions(**settings)
