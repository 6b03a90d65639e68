"""Sounds whose onsets and beats are known."""

import numpy as np
import torch
from kinema.motion.sound import Recording
from numpy.typing import NDArray

START = 0.13


def recording(samples: NDArray[np.float64], rate: int) -> Recording:
    """A sound of (samples) or (channels, samples)."""
    return Recording.checked(torch.from_numpy(np.atleast_2d(samples).astype(np.float32)), rate)


def sine(hertz: float, seconds: float, rate: int = 48000, height: float = 0.5) -> NDArray[np.float64]:
    """A tone of (samples)."""
    return height * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def clicks(
    per_minute: float,
    seconds: float,
    rate: int = 48000,
    hertz: float = 1000.0,
    lasting: float = 0.01,
    noise: float = 0.02,
) -> tuple[Recording, NDArray[np.float64]]:
    """Decaying tones at a tempo in white noise, and the seconds at which they begin."""
    samples = noise * np.random.default_rng(3).standard_normal(round(seconds * rate))
    times = np.arange(START, seconds - 5 * lasting, 60.0 / per_minute)
    places = np.arange(round(5 * lasting * rate)) / rate
    click = 0.8 * np.exp(-places / lasting) * np.sin(2 * np.pi * hertz * places)
    for time in times:
        first = round(time * rate)
        samples[first : first + len(click)] += click
    return recording(samples, rate), times


def drums(
    per_minute: float, seconds: float, unsteady: float, rate: int = 22050
) -> tuple[Recording, NDArray[np.float64]]:
    """A bass drum and a snare in turn, with cymbals twice as fast, and the seconds of the beats.

    Args:
        unsteady: seconds by which each stroke misses its place (standard deviation).
    """
    random = np.random.default_rng(5)
    samples = 0.005 * random.standard_normal(round(seconds * rate))
    places = np.arange(round(0.2 * rate)) / rate
    bass = 0.7 * np.exp(-places / 0.08) * np.sin(2 * np.pi * 55 * places)
    beats = np.arange(START, seconds - 0.6, 60.0 / per_minute)
    for number, beat in enumerate(beats):
        noise = random.standard_normal((2, len(places)))
        snare, cymbal = 0.4 * np.exp(-places / 0.05) * noise[0], 0.15 * np.exp(-places / 0.02) * noise[1]
        for time, stroke in ((0.0, snare if number % 2 else bass), (0.0, cymbal), (0.5, cymbal)):
            first = round((beat + time * 60.0 / per_minute + unsteady * random.standard_normal()) * rate)
            samples[first : first + len(stroke)] += stroke
    return recording(samples, rate), beats
