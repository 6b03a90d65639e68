"""Smoothing and mapping in closed form, and all of it together."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kinema.motion.sound import (
    FOLLOWED,
    Band,
    Recording,
    Response,
    Scaling,
    Wanted,
    follow,
    smooth,
)

from tests.harness.growth import in_proportion

from .made import clicks, recording, sine

STEP = np.array([0.0] * 3 + [1.0] * 20)


@pytest.mark.parametrize(("frame_rate", "seconds"), [(8.0, 0.25), (24.0, 0.1), (60.0, 2.0)])
def test_a_step_rises_and_falls_exponentially(frame_rate: float, seconds: float) -> None:
    counted = np.arange(1, 21) / (frame_rate * seconds)
    rising = smooth(STEP, frame_rate, seconds, 0.0)
    assert rising[:3].tolist() == [0.0] * 3
    np.testing.assert_allclose(rising[3:], 1.0 - np.exp(-counted), rtol=1e-12)
    falling = smooth(1.0 - STEP, frame_rate, 0.0, seconds)
    np.testing.assert_allclose(falling[3:], np.exp(-counted), rtol=1e-12)
    # each has its own direction
    np.testing.assert_array_equal(smooth(STEP, frame_rate, 0.0, seconds), STEP)
    np.testing.assert_array_equal(smooth(1.0 - STEP, frame_rate, seconds, 0.0), 1.0 - STEP)


def test_scalings() -> None:
    levels = np.array([0.1, 0.2, 0.6])
    assert Scaling().normalised(levels) == pytest.approx([0.0, 0.2, 1.0])
    by_decibels = Scaling("decibels", -40.0, -20.0).normalised(np.array([0.0, 0.01, 0.1**1.5, 0.1, 1.0]))
    assert by_decibels == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])
    assert Scaling().normalised(np.array([0.3, 0.299])).tolist() == [1.0, 1.0]
    assert Scaling().normalised(np.array([1e-5, 0.0])).tolist() == [0.0, 0.0]


def test_responses() -> None:
    parts = np.array([0.0, 0.25, 0.5, 1.0])
    assert Response(0.5, 1.5).of(parts).tolist() == [0.5, 0.75, 1.0, 1.5]
    assert Response(0.0, 1.0, gain=2.0).of(parts).tolist() == [0.0, 0.5, 1.0, 1.0]
    assert Response(0.0, 1.0, curve=2.0).of(parts).tolist() == [0.0, 0.0625, 0.25, 1.0]
    assert Response(1.0, -1.0).of(parts).tolist() == [1.0, 0.5, 0.0, -1.0]


@pytest.mark.parametrize("measure", FOLLOWED)
def test_silence_is_low_everywhere(measure: str) -> None:
    followed = follow(recording(np.zeros(8000), 8000), 12, 8.0, Wanted(measure, response=Response(0.3, 2.0)))
    assert followed.values.tolist() == [0.3] * 12
    assert len(followed.told) == 1
    assert followed.told[0].endswith("low at every frame.")


@pytest.mark.parametrize("measure", FOLLOWED)
def test_every_measure_goes_from_low_to_high(measure: str) -> None:
    sound, _ = clicks(120.0, 4.0, noise=0.001)
    followed = follow(sound, 40, 8.0, Wanted(measure, Band(500.0, 2000.0), response=Response(-1.0, 3.0)))
    assert followed.values.min() == pytest.approx(-1.0)
    assert followed.values.max() == pytest.approx(3.0)
    if measure in ("onsets", "beats", "loudness"):
        assert set(np.flatnonzero(followed.values[1:32] > 0.0) + 1) == {1, 5, 9, 13, 17, 21, 25, 29}
    assert followed.values[33:].tolist() == [-1.0] * 7


def test_a_steady_sound_is_high_and_says_so() -> None:
    followed = follow(recording(sine(440.0, 2.0), 48000), 16, 8.0, Wanted())
    assert followed.values.tolist() == [1.0] * 16
    assert followed.told == ("The sound is equally loud: high at every frame.",)


def test_a_band_above_half_the_sample_rate_is_silent() -> None:
    followed = follow(recording(sine(440.0, 2.0, 8000), 8000), 16, 8.0, Wanted("high"))
    assert followed.told == ("The sound from 4000 Hz on is silent: low at every frame.",)


@given(
    samples=st.integers(1, 3000),
    rate=st.sampled_from([1, 60, 8000, 11025, 48000]),
    frames=st.integers(1, 40),
    frame_rate=st.floats(0.01, 1000.0),
    measure=st.sampled_from(FOLLOWED),
)
@settings(max_examples=60, deadline=None)
def test_any_length_gives_values_between_low_and_high(
    samples: int, rate: int, frames: int, frame_rate: float, measure: str
) -> None:
    noise = torch.randn(2, samples, generator=torch.Generator().manual_seed(samples))
    wanted = Wanted(measure, attack=0.1, release=0.2, response=Response(0.25, 0.75))
    values = follow(Recording(noise, rate), frames, frame_rate, wanted).values
    assert values.shape == (frames,)
    assert np.isfinite(values).all()
    assert values.min() >= 0.25 - 1e-9
    assert values.max() <= 0.75 + 1e-9


@pytest.mark.parametrize("measure", ["loudness", "low", "beats"])
def test_ten_minutes_take_what_their_length_says(measure: str) -> None:
    def measured(seconds: int) -> Callable[[], np.ndarray]:
        sound, _ = clicks(120.0, float(seconds))
        stereo = Recording(sound.samples.expand(2, -1).contiguous(), 48000)
        return lambda: follow(stereo, 8 * seconds, 8.0, Wanted(measure)).values

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert math.isclose(measured(600)().max(), 1.0)
        assert in_proportion(measured, 600)
    finally:
        torch.set_num_threads(threads)
