"""What a sampling goes by, apart from the model.

``schedules`` of noise levels, the ``noise`` of a clip, and ``freeinit``, which samples it several times.
"""

from .freeinit import FILTERS, MOST_ITERATIONS, FreeInitError, FreeInitOptions, low_pass, reinitialized
from .noise import KINDS, LARGEST_WEIGHT, METHODS, SEEDINGS, SEEDS, ClipNoise, NoiseError, NoiseLayer, NoiseOptions
from .schedules import SCHEDULES, distilled, zero_terminal

__all__ = [
    "FILTERS",
    "KINDS",
    "LARGEST_WEIGHT",
    "METHODS",
    "MOST_ITERATIONS",
    "SCHEDULES",
    "SEEDINGS",
    "SEEDS",
    "ClipNoise",
    "FreeInitError",
    "FreeInitOptions",
    "NoiseError",
    "NoiseLayer",
    "NoiseOptions",
    "distilled",
    "low_pass",
    "reinitialized",
    "zero_terminal",
]
