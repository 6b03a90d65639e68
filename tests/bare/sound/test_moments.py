"""Onsets and beats of click tracks, each within a frame of the truth."""

import numpy as np
import pytest
import torch
from kinema.motion.sound import (
    Recording,
    find_beats,
    find_onsets,
    onset_hops,
    onset_strength,
    pulses,
)

from .made import clicks, drums, recording, sine

TEMPOS = [60.0, 90.0, 97.3, 120.0, 150.0, 180.0]
KINDS = {"click": (48000, 1000.0, 0.005), "drum": (22050, 60.0, 0.08), "telephone": (8000, 1000.0, 0.005)}


def strength(sound: Recording, frame_rate: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Onset strength, seconds of the windows, windows per second."""
    hops = onset_hops(sound, sound.frames(frame_rate), frame_rate)
    return onset_strength(sound, hops), hops.seconds, hops.rate


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("per_minute", TEMPOS)
@pytest.mark.parametrize("frame_rate", [8.0, 24.0, 60.0])
def test_onsets_and_beats_of_click_tracks(kind: str, per_minute: float, frame_rate: float) -> None:
    rate, hertz, lasting = KINDS[kind]
    sound, times = clicks(per_minute, 8.0, rate, hertz, lasting)
    strong, seconds, hop_rate = strength(sound, frame_rate)
    onsets, beats = find_onsets(strong, hop_rate), find_beats(strong, hop_rate)
    # the noise itself begins at 0
    found = seconds[onsets][seconds[onsets] > 0.05]
    assert len(found) == len(times)
    assert np.abs(found - times).max() < 1 / 60
    assert beats.per_minute == pytest.approx(per_minute, rel=0.02)
    tapped = seconds[beats.windows]
    assert max(np.abs(tapped - time).min() for time in times) < 1 / 60
    inside = tapped[(tapped > times[0] - 0.1) & (tapped < times[-1] + 0.1)]
    assert len(inside) == len(times)


@pytest.mark.parametrize("per_minute", [90.0, 120.0, 150.0, 170.0])
@pytest.mark.parametrize("unsteady", [0.0, 0.008])
def test_the_beat_of_drums_is_not_that_of_the_cymbals(per_minute: float, unsteady: float) -> None:
    sound, times = drums(per_minute, 12.0, unsteady)
    strong, seconds, rate = strength(sound, 24.0)
    beats = find_beats(strong, rate)
    assert beats.per_minute == pytest.approx(per_minute, rel=0.03)
    assert max(np.abs(seconds[beats.windows] - time).min() for time in times) < 1 / 24


def test_a_beat_goes_on_over_a_gap() -> None:
    sound, times = clicks(120.0, 10.0)
    samples = sound.samples.clone()
    samples[:, round(4.05 * 48000) : round(5.05 * 48000)] = 0.0
    strong, seconds, rate = strength(Recording(samples, 48000), 24.0)
    tapped = seconds[find_beats(strong, rate).windows]
    gaps = [np.abs(tapped - time).min() for time in times]
    assert max(gaps) < 1 / 24


@pytest.mark.parametrize(
    "samples", [np.zeros(96000), sine(440.0, 2.0), sine(440.0, 0.01)], ids=["none", "tone", "short"]
)
def test_nothing_keeps_time_in_steady_sounds(samples: np.ndarray) -> None:
    strong, _, rate = strength(recording(samples, 48000), 24.0)
    assert len(find_onsets(strong, rate)) <= 1
    beats = find_beats(strong, rate)
    assert beats.per_minute == 0.0
    assert len(beats.windows) == 0


def test_noise_begins_once() -> None:
    noise = 0.1 * torch.randn(1, 480000, generator=torch.Generator().manual_seed(1))
    strong, _, rate = strength(Recording(noise, 48000), 24.0)
    assert find_onsets(strong, rate).tolist() == [0]


def test_pulses_take_the_highest_of_a_frame() -> None:
    values = pulses(np.array([0.0, 0.1, 0.125, 0.9, 5.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 9, 8.0)
    assert values.tolist() == [2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 4.0, 0.0]
