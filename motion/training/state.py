"""All that a training is at one moment, as tensors and plain values, so that it can be put down and taken up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

LEARNT, AVERAGE, OPTIMISER = "learnt", "average", "optimiser"
"""What the names of tensors begin with."""


@dataclass(frozen=True)
class Curve:
    """What was measured so far."""

    losses: tuple[float, ...] = ()
    """Of each step."""
    rates: tuple[float, ...] = ()
    validations: Mapping[int, float] = field(default_factory=dict)
    """The loss on clips that are held out, after so many steps."""

    def until(self, step: int) -> "Curve":
        """What had been measured after so many steps."""
        validations = {at: loss for at, loss in self.validations.items() if at <= step}
        return Curve(self.losses[:step], self.rates[:step], validations)


@dataclass(frozen=True)
class State:
    """A training after some steps."""

    step: int
    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]
    """What JSON can hold."""
    curve: Curve = field(default_factory=Curve)


def optimiser_parts(optimiser: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state of an optimiser, tensors and the rest apart."""
    tensors: dict[str, Tensor] = {}
    values: dict[str, Any] = {}
    told = optimiser.state_dict()
    for number, state in told["state"].items():
        for name, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"{OPTIMISER}/{number}/{name}"] = value
            else:
                values.setdefault(str(number), {})[name] = value
    groups = [{name: value for name, value in group.items() if name != "params"} for group in told["param_groups"]]
    return tensors, {"state": values, "groups": groups}


def restore_optimiser(
    optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor], values: Mapping[str, Any]
) -> None:
    """Put a state back; types and devices are those that were saved where the optimiser keeps its own."""
    told = optimiser.state_dict()
    state: dict[int, dict[str, Any]] = {int(number): dict(part) for number, part in values["state"].items()}
    for key, tensor in tensors.items():
        if key.startswith(OPTIMISER):
            _, number, name = key.split("/", 2)
            state.setdefault(int(number), {})[name] = tensor
    groups = [
        {**now, **{name: tuple(value) if isinstance(value, list) else value for name, value in then.items()}}
        for now, then in zip(told["param_groups"], values["groups"], strict=True)
    ]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
