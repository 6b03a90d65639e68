"""The strength of a ControlNet over frames, picture and sampling, and for each of its outputs."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from comfy.controlnet import ControlBase
from einops import rearrange
from torch import Tensor

from ....motion.values import ALWAYS, Acts, in_picture
from ..sampling import Call, Now, timing_of

Outputs = dict[str, list[Tensor | None]]
"""What a ControlNet adds to the UNet, by the part of the UNet it goes to."""


@dataclass(frozen=True, eq=False)
class ControlStrength:
    """How strongly and when a ControlNet acts, on top of the strength it was applied with."""

    acts: Acts = ALWAYS
    profile: Callable[[int], Sequence[float]] | None = None
    """A weight for each of so many outputs, the shallowest first and the middle last; None leaves them even."""
    uncond: float = 1.0
    """Weight where the negative prompt is predicted; 0 lets the control speak through guidance alone."""


class TimedControl(ControlBase):
    """A control object and its strength over time. It works on a copy: the one that was applied stays as it is."""

    def __init__(self, control: ControlBase, strength: ControlStrength) -> None:
        super().__init__()
        self.inner = copy.copy(control)
        self.inner.previous_controlnet = None
        self.previous_controlnet = control.previous_controlnet
        self.how = strength
        self._sampling: Any = None

    def get_control(
        self, x_noisy: Tensor, t: Tensor, cond: Any, batched_number: int, transformer_options: dict[str, Any]
    ) -> Any:
        """Same signature as the host's; ``t`` is the noise level of each row of ``x_noisy``."""
        arguments = (x_noisy, t, cond, batched_number, transformer_options)
        before = None if self.previous_controlnet is None else self.previous_controlnet.get_control(*arguments)
        timing = timing_of(transformer_options, self._sampling)
        value = Now(timing, lambda: float(t[0])).strength(self.how.acts)
        own: Outputs | None = None if value.is_zero else self.inner.get_control(*arguments)
        if own is None:
            return before
        numbers = Call.of(transformer_options, x_noisy.shape[0]).numbers
        rows = [self.how.uncond if which == 1 else 1.0 for which in transformer_options["cond_or_uncond"]]
        factors = x_noisy.new_tensor(rows)[:, None, None, None, None]

        def scaled(x: Tensor, weight: float) -> Tensor:
            """Each conditioning has all frames of the call."""
            size = (x.shape[2], x.shape[3])
            strength = in_picture(value.over(numbers, size, x.device, timing.masks), size)
            strength = strength.to(x) if isinstance(strength, Tensor) else strength
            parts = rearrange(x, "(n f) c h w -> n f c h w", n=len(rows)) * (factors.to(x) * weight * strength)
            return rearrange(parts, "n f c h w -> (n f) c h w")

        weighted = {
            part: [None if x is None else scaled(x, weight) for x, weight in zip(own[part], weights, strict=True)]
            for part, weights in self._weights(own).items()
        }
        return self.control_merge(weighted, before, output_dtype=None)

    def _weights(self, own: Outputs) -> dict[str, list[float]]:
        """The profile's weights where there are outputs."""
        places = [
            (part, n)
            for part in ("input", "output", "middle")
            for n, x in enumerate(own.get(part, ()))
            if x is not None
        ]
        weights = {part: [1.0] * len(xs) for part, xs in own.items()}
        if self.how.profile is not None:
            for (part, n), weight in zip(places, self.how.profile(len(places)), strict=True):
                weights[part][n] = weight
        return weights

    def pre_run(self, model: Any, percent_to_timestep_function: Callable[[float], float]) -> None:
        """Called by the host before a sampling."""
        super().pre_run(model, percent_to_timestep_function)
        self.inner.pre_run(model, percent_to_timestep_function)
        self._sampling = model.model_sampling

    def cleanup(self) -> None:
        """Called by the host after a sampling."""
        super().cleanup()
        self.inner.cleanup()
        self._sampling = None

    def get_models(self) -> list[Any]:
        """Models for the host to load."""
        return [*super().get_models(), *self.inner.get_models()]

    def get_extra_hooks(self) -> list[Any]:
        """Hooks that came with the control."""
        return [*super().get_extra_hooks(), *self.inner.get_extra_hooks()]

    def inference_memory_requirements(self, dtype: Any) -> float:
        """Bytes it needs while it runs."""
        return super().inference_memory_requirements(dtype) + self.inner.inference_memory_requirements(dtype)

    def copy(self) -> "TimedControl":
        """The same again, for nodes that apply a control object more than once."""
        again = TimedControl(self.inner, self.how)
        self.copy_to(again)
        return again

    def deepclone_multigpu(self, load_device: Any, autoregister: bool = False) -> "TimedControl":
        """The same with its models on another device."""
        clone = TimedControl(self.inner.deepclone_multigpu(load_device), self.how)
        if autoregister:
            self.multigpu_clones[load_device] = clone
        return clone


def time_controls(conditionings: Sequence[list[Any]], strength: ControlStrength) -> list[list[Any]]:
    """Conditionings whose latest ControlNet follows a strength; those given stay as they are.

    Positive and negative share one object, or the host could not run them in one batch.

    Raises:
        ValueError: there is no ControlNet on any of them.
    """
    known: dict[int, TimedControl] = {}
    timed = []
    for conditioning in conditionings:
        entries = []
        for cond, options in conditioning:
            control = options.get("control")
            if control is not None:
                if id(control) not in known:
                    known[id(control)] = TimedControl(control, strength)
                options = options | {"control": known[id(control)]}
            entries.append([cond, options])
        timed.append(entries)
    if not known:
        raise ValueError(
            "There is no ControlNet on these conditionings, so there is nothing to change. Connect what comes out of "
            "Apply ControlNet."
        )
    return timed
