"""Numbers for the frames of a clip out of its sound.

``recording`` is a sound and where its frames lie in it. ``loudness`` and ``bands`` say how strong it is, the latter
with the Fourier transforms of ``spectrum``; ``onsets`` finds where something begins, ``beats`` where one taps along.
``smoothing`` and ``mapping`` make values for a motion of them, and ``following`` does all of it.
"""

from .bands import BANDS, Band, band_levels
from .beats import Beats, find_beats
from .following import BAND, BEATS, FOLLOWED, LOUDNESS, ONSETS, Followed, Wanted, follow
from .loudness import SILENCE, decibels, frame_levels
from .mapping import DECIBELS, OWN_RANGE, SCALINGS, Response, Scaling, is_steady
from .onsets import find_onsets, onset_hops, onset_strength, pulses
from .recording import Recording, SoundError
from .smoothing import smooth
from .spectrum import Hops, powers

__all__ = [
    "BAND",
    "BANDS",
    "BEATS",
    "DECIBELS",
    "FOLLOWED",
    "LOUDNESS",
    "ONSETS",
    "OWN_RANGE",
    "SCALINGS",
    "SILENCE",
    "Band",
    "Beats",
    "Followed",
    "Hops",
    "Recording",
    "Response",
    "Scaling",
    "SoundError",
    "Wanted",
    "band_levels",
    "decibels",
    "find_beats",
    "find_onsets",
    "follow",
    "frame_levels",
    "is_steady",
    "onset_hops",
    "onset_strength",
    "powers",
    "pulses",
    "smooth",
]
