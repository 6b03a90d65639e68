"""What acts at which step of one sampling."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

from torch import Tensor

from ....motion.values import NOTHING, Acts, MotionValue, active_keyframes
from ..options import DEVICES, TIMING

ROUNDING = 1e-5
"""Samplers that go by the logarithm of sigma miss the schedule's own numbers by about this much."""


class Starting(Protocol):
    """One of several that follow one another over the sampling."""

    @property
    def start_percent(self) -> float: ...  # noqa: D102

    @property
    def guarantee_steps(self) -> int: ...  # noqa: D102


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
        self.kept: dict[Any, Any] = {}
        """Whatever else others have worked out for this sampling."""
        self.sigmas: Sequence[float] = list(sigmas)
        self._sampling = model_sampling
        self._percents: dict[float, float] = {}
        self._active: dict[Any, list[int]] = {}
        self._values: dict[tuple[MotionValue, int], MotionValue] = {}

    def on(self, device: Any) -> "Timing":
        """The same sampling on another device, which keeps tensors of its own."""
        key = (DEVICES, device)
        if key not in self.kept:
            other = self.kept[key] = copy.copy(self)
            other.masks, other.kept = {}, {}
        return self.kept[key]

    def is_in_part(self, acts: Acts, sigma: float) -> bool:
        """Whether a noise level lies in the part of the sampling in which something acts."""
        return self.sigma(acts.end_percent) <= sigma <= self.sigma(acts.start_percent)

    def value(self, value: MotionValue, sigma: float) -> MotionValue:
        """A value at a noise level, without keyframes."""
        if not value.keyframes:
            return value
        step = self.step(sigma)
        if (value, step) not in self._values:
            self._values[value, step] = value.during(lambda keyframes: self.active(keyframes, keyframes.keys)[step])
        return self._values[value, step]

    def sigma(self, percent: float) -> float:
        """The noise level at a part of the sampling."""
        if percent not in self._percents:
            self._percents[percent] = self._sampling.percent_to_sigma(percent)
        return self._percents[percent]

    def step(self, sigma: float) -> int:
        """The step in progress: samplers also look at noise levels between two steps."""
        begun = [step for step, start in enumerate(self.sigmas) if start >= sigma * (1.0 - ROUNDING)]
        return begun[-1] if begun else 0

    def active(self, owner: Any, followers: Sequence[Starting]) -> Sequence[int]:
        """Which of several acts at each step, -1 for none yet; ``owner`` is whom they belong to."""
        if owner not in self._active:
            starts = [self.sigma(each.start_percent) for each in followers]
            owed = [each.guarantee_steps for each in followers]
            self._active[owner] = active_keyframes(starts, owed, self.sigmas)
        return self._active[owner]


class Now:
    """One moment of a sampling."""

    def __init__(self, timing: Timing, read_sigma: Callable[[], float]) -> None:
        """Take a moment.

        Args:
            read_sigma: asks the device for the noise level, called only where something depends on it.
        """
        self.timing, self._read_sigma = timing, read_sigma

    @cached_property
    def sigma(self) -> float:
        """The noise level."""
        return self._read_sigma()

    @property
    def step(self) -> int:
        """The step in progress."""
        return self.timing.step(self.sigma)

    def strength(self, acts: Acts) -> MotionValue:
        """How strong something is, without keyframes; nothing outside its part of the sampling."""
        if acts.always:
            return acts.strength
        return self.value(acts.strength) if self.timing.is_in_part(acts, self.sigma) else NOTHING

    def value(self, value: MotionValue) -> MotionValue:
        """A value without keyframes."""
        return self.timing.value(value, self.sigma) if value.keyframes else value


def start_timing(guider: Any, sigmas: Tensor) -> None:
    """Begin the timing of a sampling, in the options of this one sampling; the last sigma is where it ends.

    One that adds noise step by step goes by the same noise levels as the sampling whose beginning it finds.
    """
    model_sampling = guider.model_patcher.get_model_object("model_sampling")
    levels = sigmas.tolist()
    falling = levels if levels[0] > levels[-1] else levels[::-1]
    guider.model_options["transformer_options"][TIMING] = Timing(model_sampling, falling[:-1])


def timing_of(options: Mapping[str, Any], model_sampling: Any) -> Timing:
    """The timing of the sampling that these ``transformer_options`` belong to.

    A sampling that did not come through a sampler node has none yet and works everything out at every step.
    """
    if TIMING in options:
        return options[TIMING]
    sigmas = options["sample_sigmas"] if "sample_sigmas" in options else options["sigmas"]
    return Timing(model_sampling, sigmas.tolist())
