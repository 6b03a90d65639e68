"""How loud a sound is at each frame."""

import numpy as np

from .recording import Recording, Values

SILENCE = 1e-4
"""Levels below it, -80 dB, count as silence: what is there is noise of the converter or of the file format."""


def frame_levels(sound: Recording, frames: int, frame_rate: float) -> Values:
    """Root mean square of the samples of each frame, (frames), 1 for a square wave at full scale.

    Channels are mixed by energy, ``sqrt(mean over channels and samples of x^2)``: opposite phases do not cancel.
    """
    edges = sound.edges(frames, frame_rate)
    inside = np.minimum(edges, sound.samples.shape[-1])
    energy = np.zeros(sound.samples.shape[-1] + 1)
    for channel in sound.samples.numpy():
        energy[1:] += np.square(channel, dtype=np.float64)
    np.cumsum(energy, out=energy)
    counted = np.maximum(np.diff(edges), 1) * sound.samples.shape[0]
    return np.sqrt(np.maximum(np.diff(energy[inside]), 0.0) / counted)


def decibels(levels: Values) -> Values:
    """``20 log10(level)``, in dB of full scale; silence is -240 dB."""
    return 20.0 * np.log10(np.maximum(levels, 1e-12))
