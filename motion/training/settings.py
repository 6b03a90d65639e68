"""How a training goes."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from .errors import TrainingError
from .optimisers import OPTIMISERS
from .rates import CONSTANT, SCHEDULES

SINGLE, HALF, BRAIN = "fp32", "fp16", "bf16"
PRECISIONS = (SINGLE, BRAIN, HALF)
"""What the network computes in; what is learnt is always float32."""


@dataclass(frozen=True)
class Settings:
    """Numbers of a training; those that are there are what AnimateDiff's trainer has, where it has them."""

    steps: int = 2000
    learning_rate: float = 1e-4
    optimiser: str = "adamw"
    weight_decay: float = 1e-2
    rate_schedule: str = CONSTANT
    warmup: int = 0
    """Steps in which the learning rate rises to what it is."""
    accumulation: int = 1
    """Batches to a step."""
    clip_norm: float = 1.0
    """Gradients that are longer together are shortened to this; 0 leaves them."""
    average: float = 0.0
    """Of how much of the running average of the weights stays at each step; 0 keeps none."""
    precision: str = SINGLE
    seed: int = 0
    save_every: int = 100
    """Steps from one checkpoint to the next."""
    validate_every: int = 100

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("accumulation", 1), ("warmup", 0), ("save_every", 1), ("validate_every", 1)):
            if getattr(self, name) < least:
                raise TrainingError(f"{name} is {getattr(self, name)}; it must be {least} or more.")
        for name in ("learning_rate", "weight_decay", "clip_norm", "average"):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0.0:
                raise TrainingError(f"{name} is {value}; it must be a number from 0 up.")
        if self.learning_rate == 0.0:
            raise TrainingError("learning_rate is 0, so that nothing would be learnt. 0.0001 is usual.")
        if self.average >= 1.0:
            raise TrainingError(f"average is {self.average}; it must be below 1, such as 0.999.")
        for name, choices in (
            ("optimiser", tuple(OPTIMISERS)),
            ("rate_schedule", SCHEDULES),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in choices:
                raise TrainingError(f"{name} is {getattr(self, name)!r}. Choose one of {', '.join(choices)}.")

    @property
    def deciding(self) -> dict[str, Any]:
        """What decides how it goes, by name: more steps alone go on where fewer ended, if the rate allows it."""
        told = asdict(self)
        for name in ("save_every", "validate_every", *(("steps",) if self.rate_schedule == CONSTANT else ())):
            del told[name]
        return told
