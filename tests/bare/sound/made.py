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
