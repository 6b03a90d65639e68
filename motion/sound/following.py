"""A sound in, a value for each frame out."""

from dataclasses import dataclass, field

import numpy as np

from .bands import BANDS, Band, band_levels
from .beats import find_beats
from .loudness import SILENCE, frame_levels
from .mapping import OWN_RANGE, Response, Scaling, is_steady
from .onsets import find_onsets, onset_hops, onset_strength, pulses
from .recording import Recording, Values
from .smoothing import smooth

LOUDNESS, BAND, ONSETS, BEATS = "loudness", "band", "onsets", "beats"
FOLLOWED = (LOUDNESS, *BANDS, BAND, ONSETS, BEATS)
"""What can be followed: the whole, one of three bands, a band of one's own, or moments."""


@dataclass(frozen=True)
class Wanted:
    """What a motion follows, and how."""

    measure: str = LOUDNESS
    """One of `FOLLOWED`."""
    band: Band = field(default_factory=lambda: Band(20.0, 250.0))
    """The band of one's own."""
    scaling: Scaling = field(default_factory=Scaling)
    """Of loudness and bands; onsets are parts of the strongest one, beats are all 1."""
    attack: float = 0.0
    """Seconds, see `smooth`."""
    release: float = 0.0
    response: Response = field(default_factory=Response)


@dataclass(frozen=True, eq=False)
class Followed:
    """What came of it."""

    values: Values
    """(frames), between the low and the high of the response."""
    told: tuple[str, ...]
    """Sentences about what is not as one would expect."""


def follow(sound: Recording, frames: int, frame_rate: float, wanted: Wanted) -> Followed:
    """A value for each frame of a clip that begins with the sound: measured, brought to 0..1, smoothed, mapped.

    Frames behind the end of the sound have the value of silence. A silent sound gives the low of the response at every
    frame.
    """
    told: list[str] = []
    if wanted.measure in (ONSETS, BEATS):
        values = _moments(sound, frames, frame_rate, wanted.measure, told)
    else:
        values = _levels(sound, frames, frame_rate, wanted, told)
    values = smooth(values, frame_rate, wanted.attack, wanted.release)
    return Followed(wanted.response.of(values), tuple(told))


def _levels(sound: Recording, frames: int, frame_rate: float, wanted: Wanted, told: list[str]) -> Values:
    if wanted.measure == LOUDNESS:
        levels, what = frame_levels(sound, frames, frame_rate), "The sound"
    else:
        band = BANDS.get(wanted.measure, wanted.band)
        levels, what = band_levels(sound, band, frames, frame_rate), f"The sound {band.told()}"
    if levels.max() < SILENCE:
        told.append(f"{what} is silent: low at every frame.")
    elif wanted.scaling.by == OWN_RANGE and is_steady(levels):
        told.append(f"{what} is equally loud: high at every frame.")
    return wanted.scaling.normalised(levels)


def _moments(sound: Recording, frames: int, frame_rate: float, measure: str, told: list[str]) -> Values:
    """Beats are sought in the whole sound, because a tempo needs more of it than a short clip has."""
    hops = onset_hops(sound, sound.frames(frame_rate), frame_rate)
    strength = onset_strength(sound, hops)
    if measure == ONSETS:
        found = find_onsets(strength, hops.rate)
        values = pulses(hops.seconds[found], strength[found], frames, frame_rate)
        if not values.any():
            told.append("Nothing begins in the sound: low at every frame.")
        return values / (values.max() or 1.0)
    beats = find_beats(strength, hops.rate)
    told.append(f"{beats.per_minute:.0f} beats a minute." if beats.per_minute else "No beat found: low at every frame.")
    return pulses(hops.seconds[beats.windows], np.ones(len(beats.windows)), frames, frame_rate)
