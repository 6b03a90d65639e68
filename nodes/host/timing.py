"""What acts at which step of one sampling."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from torch import Tensor

from ...motion.keyframes import active_keyframes
from ...motion.values import Keyframes, MotionValue

ROUNDING = 1e-5
"""Samplers that go by the logarithm of sigma miss the schedule's own numbers by about this much."""


class Timed(Protocol):
    """Something that acts during a part of the sampling, as strongly as a value says."""

    @property
    def start_percent(self) -> float: ...  # noqa: D102

    @property
    def end_percent(self) -> float: ...  # noqa: D102


class Timing:
    """Percentages of one sampling as noise levels, its keyframes step by step, and masks in the layers' resolutions.

    One object lives as long as one sampling, so that nothing is worked out twice.
    """

    def __init__(self, model_sampling: Any, sigmas: Iterable[float]) -> None:
        """Start a sampling.

        Args:
            model_sampling: the host's noise schedule.
            sigmas: noise level of each step, falling.
        """
        self.masks: dict[Any, Tensor] = {}
        self._sampling = model_sampling
        self._sigmas = list(sigmas)
        self._percents: dict[float, float] = {}
        self._active: dict[Keyframes, list[int]] = {}
        self._values: dict[tuple[MotionValue, int], MotionValue] = {}

    def acts(self, item: Timed, sigma: float) -> bool:
        """Whether something acts at a noise level."""
        return self._sigma(item.end_percent) <= sigma <= self._sigma(item.start_percent)

    def value(self, value: MotionValue, sigma: float) -> MotionValue:
        """A value at a noise level, without keyframes."""
        if not value.keyframes:
            return value
        step = self._step(sigma)
        if (value, step) not in self._values:
            self._values[value, step] = value.during(lambda keyframes: self._steps(keyframes)[step])
        return self._values[value, step]

    def _sigma(self, percent: float) -> float:
        if percent not in self._percents:
            self._percents[percent] = self._sampling.percent_to_sigma(percent)
        return self._percents[percent]

    def _step(self, sigma: float) -> int:
        """The step in progress: samplers also look at noise levels between two steps."""
        begun = [step for step, start in enumerate(self._sigmas) if start >= sigma * (1.0 - ROUNDING)]
        return begun[-1] if begun else 0

    def _steps(self, keyframes: Keyframes) -> Sequence[int]:
        if keyframes not in self._active:
            starts = [self._sigma(key.start_percent) for key in keyframes.keys]
            self._active[keyframes] = active_keyframes(
                starts, [key.guarantee_steps for key in keyframes.keys], self._sigmas
            )
        return self._active[keyframes]


def is_always(item: Timed, *values: MotionValue) -> bool:
    """Whether something acts in the same way at every step."""
    return item.start_percent <= 0.0 and item.end_percent >= 1.0 and not any(value.keyframes for value in values)
