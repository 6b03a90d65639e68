"""Loudness and bands against plain sums and plain Fourier transforms."""

import itertools
import math

import numpy as np
import pytest
import torch
from kinema.motion.sound import BANDS, Band, Hops, Recording, SoundError, band_levels, decibels, frame_levels, powers

from .made import recording, sine

NOISE = 0.1 * np.random.default_rng(0).standard_normal((2, 30000))


def plain_band(samples: np.ndarray, rate: int, low: float, high: float, frames: int, frame_rate: float) -> list[float]:
    """Root mean squares with a full complex transform of every window, bin by bin."""
    size = 1 << round(math.log2(0.046 * rate))
    hops = math.ceil(50 / frame_rate)
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / size) for n in range(size)])
    padded = np.pad(samples, ((0, 0), (size, size + rate)))
    levels = []
    for frame in range(frames):
        energy = []
        for hop in range(hops):
            centre = math.floor((frame * hops + hop + 0.5) * rate / (frame_rate * hops) + 0.5 + 1e-6)
            part = padded[:, centre + size // 2 : centre + size // 2 + size] * window
            power = (np.abs(np.fft.fft(part)) ** 2).mean(0) / (size * (window**2).sum())
            total = 0.0
            for number, value in enumerate(power):
                hertz = min(number, size - number) * rate / size
                first, last = max(0.0, hertz - rate / size / 2), min(rate / 2, hertz + rate / size / 2)
                total += value * max(0.0, min(last, high) - max(first, low)) / (last - first)
            energy.append(total)
        levels.append(math.sqrt(np.mean(energy)))
    return levels


@pytest.mark.parametrize("rate", [8000, 44100])
@pytest.mark.parametrize("band", [(20.0, 250.0), (440.0, 445.0), (250.0, 4000.0), (3000.0, math.inf)])
def test_bands_are_those_of_plain_transforms(rate: int, band: tuple[float, float]) -> None:
    samples = NOISE[:, : rate // 2]
    levels = band_levels(recording(samples, rate), Band(*band), 5, 12.0)
    np.testing.assert_allclose(levels, plain_band(samples, rate, *band, 5, 12.0), rtol=1e-5, atol=1e-7)


def test_bins_add_up_to_the_mean_square() -> None:
    """Parseval: a sine of height 0.5 has a mean square of 1/8, whatever its place between the bins."""
    for hertz in (1000.0, 1010.7):
        sound = recording(sine(hertz, 1.0), 48000)
        middle = torch.cat(list(powers(sound, Hops.of(sound, 10, 10.0, 0.046))))[20:80]
        np.testing.assert_allclose(middle.sum(1).numpy(), 0.125, rtol=1e-3)


def test_bands_that_adjoin_add_up() -> None:
    sound = recording(NOISE, 30000)
    edges = [0.0, 20.0, 250.0, 251.0, 4000.0, math.inf]
    parts = [band_levels(sound, Band(low, high), 8, 8.0) for low, high in itertools.pairwise(edges)]
    whole = band_levels(sound, Band(0.0), 8, 8.0)
    np.testing.assert_allclose(np.sqrt(sum(part**2 for part in parts)), whole, rtol=1e-5)


@pytest.mark.parametrize(("hertz", "name"), [(60.0, "low"), (1000.0, "mid"), (9000.0, "high")])
def test_a_tone_is_in_its_band_alone(hertz: float, name: str) -> None:
    sound = recording(sine(hertz, 2.0), 48000)
    levels = {band: band_levels(sound, BANDS[band], 16, 8.0)[1:-1] for band in BANDS}
    np.testing.assert_allclose(levels.pop(name), 0.5 / math.sqrt(2), rtol=0.02)
    assert max(level.max() for level in levels.values()) < 0.01


@pytest.mark.parametrize("frame_rate", [8.0, 23.976, 60.0])
def test_loudness_is_the_root_mean_square_of_a_frame(frame_rate: float) -> None:
    sound = recording(NOISE, 44100)
    frames = sound.frames(frame_rate)
    edges = [math.ceil(k * 44100 / frame_rate) for k in range(frames + 1)]
    wanted = [
        math.sqrt((NOISE[:, first:last] ** 2).sum() / 2 / (last - first)) for first, last in itertools.pairwise(edges)
    ]
    np.testing.assert_allclose(frame_levels(sound, frames, frame_rate), wanted, rtol=1e-5)


def test_channels_of_opposite_phase_do_not_cancel() -> None:
    mono, opposed = sine(440.0, 1.0), np.stack([sine(440.0, 1.0), -sine(440.0, 1.0)])
    for measure in (frame_levels, lambda *clip: band_levels(clip[0], BANDS["mid"], *clip[1:])):
        one, two = (measure(recording(samples, 48000), 8, 8.0) for samples in (mono, opposed))
        np.testing.assert_allclose(one, two, rtol=1e-5)


def test_behind_the_end_there_is_silence() -> None:
    sound = recording(sine(440.0, 1.0), 48000)
    assert sound.frames(8.0) == 8
    assert sound.frames(7.9) == 8
    for levels in (frame_levels(sound, 20, 8.0), band_levels(sound, BANDS["mid"], 20, 8.0)):
        assert levels.shape == (20,)
        assert levels[:8].min() > 0.3
        assert not levels[8:].any()
    assert decibels(np.array([1.0, 0.1, 0.0])) == pytest.approx([0.0, -20.0, -240.0])


def test_sounds_shorter_than_a_frame_or_a_window() -> None:
    for samples in (1, 2, 17):
        sound = recording(0.5 * np.ones(samples), 8000)
        assert sound.frames(8.0) == 1
        assert frame_levels(sound, 3, 8.0) == pytest.approx([0.5 * math.sqrt(samples / 1000), 0.0, 0.0])
        assert band_levels(sound, Band(0.0), 3, 1000.0).shape == (3,)


@pytest.mark.parametrize(
    ("samples", "words"),
    [(torch.zeros(1, 0), "empty"), (torch.zeros(0, 5), "empty"), (torch.full((2, 9), math.nan), "NaN")],
)
def test_what_is_no_sound_is_refused(samples: torch.Tensor, words: str) -> None:
    with pytest.raises(SoundError, match=words):
        Recording.checked(samples, 48000)
