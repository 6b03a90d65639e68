"""How the learning rate changes, a function of the step."""

import math

from .errors import TrainingError

CONSTANT, LINEAR, COSINE = "constant", "linear", "cosine"
SCHEDULES = (CONSTANT, LINEAR, COSINE)
"""What it does after its warm-up: stay, or fall to nothing in a straight line or half a cosine."""


def rate_factor(step: int, steps: int, warmup: int, schedule: str) -> float:
    """What the learning rate is multiplied by.

    Args:
        step: from 0.
        steps: of the whole training.
        warmup: steps in which it rises from nothing, the first already above it.

    Raises:
        TrainingError: there is no such schedule.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = (step - warmup) / max(1, steps - warmup)
    if schedule == CONSTANT:
        return 1.0
    if schedule == LINEAR:
        return max(0.0, 1.0 - done)
    if schedule == COSINE:
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
    raise TrainingError(f"There is no learning-rate schedule {schedule!r}. Choose one of {', '.join(SCHEDULES)}.")
