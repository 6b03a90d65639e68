"""Attack and release: how fast values follow upwards and downwards."""

import math

import numpy as np

from .recording import Values


def smooth(values: Values, frame_rate: float, attack: float, release: float) -> Values:
    """A one-pole filter with one time constant upwards and another downwards, (frames).

    ``y_k = y_(k-1) + (1 - exp(-1 / (frame_rate T))) (x_k - y_(k-1))`` with T = attack where x rises above y and release
    where it falls below; y begins with the first value. After T seconds 63 % of a step are done.

    Args:
        attack: seconds; 0 follows at once.
        release: seconds; 0 follows at once.
    """
    up, down = (1.0 - math.exp(-1.0 / (frame_rate * time)) if time > 0.0 else 1.0 for time in (attack, release))
    smoothed = np.empty_like(values)
    now = float(values[0])
    for frame, value in enumerate(values.tolist()):
        now += (up if value > now else down) * (value - now)
        smoothed[frame] = now
    return smoothed
