"""Optimisers by name: those of torch, and others where their packages are installed.

Betas, epsilon and weight decay are those of AnimateDiff's trainer, which has AdamW.
"""

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from .errors import TrainingError

BETAS, EPSILON = (0.9, 0.999), 1e-8
FUSED = ("cpu", "cuda")


@dataclass(frozen=True)
class Kind:
    """One optimiser."""

    make: Callable[[Any, list[nn.Parameter], float, float], torch.optim.Optimizer]
    """From its module, what is learnt, the learning rate and the weight decay."""
    module: str = "torch.optim"
    package: str = "torch"
    """What has to be installed for it."""


OPTIMISERS: Mapping[str, Kind] = {
    "adamw": Kind(lambda at, learnt, rate, decay: at.AdamW(learnt, rate, BETAS, EPSILON, decay, fused=_fuses(learnt))),
    "adamw 8-bit": Kind(
        lambda at, learnt, rate, decay: at.AdamW8bit(learnt, rate, BETAS, EPSILON, decay),
        "bitsandbytes.optim",
        "bitsandbytes",
    ),
    "adafactor": Kind(lambda at, learnt, rate, decay: at.Adafactor(learnt, rate, weight_decay=decay)),
    "lion": Kind(
        lambda at, learnt, rate, decay: at.Lion(learnt, rate, weight_decay=decay), "lion_pytorch", "lion-pytorch"
    ),
    "prodigy": Kind(
        lambda at, learnt, rate, decay: at.Prodigy(learnt, rate, BETAS, weight_decay=decay), "prodigyopt", "prodigyopt"
    ),
    "sgd": Kind(lambda at, learnt, rate, decay: at.SGD(learnt, rate, 0.9, weight_decay=decay)),
}


def _fuses(learnt: list[nn.Parameter]) -> bool:
    """Whether torch has a step for all weights at once on their device; small weights are learnt much faster by it."""
    return all(each.device.type in FUSED for each in learnt)


def optimiser_problem(name: str) -> str | None:
    """What is wrong with an optimiser before there is anything to learn, None if nothing is known to be."""
    kind = OPTIMISERS[name]
    try:
        missing = importlib.util.find_spec(kind.module.partition(".")[0]) is None
    except (ImportError, ValueError):
        missing = True
    return _needs(name, kind, "it is not installed") if missing else None


def _needs(name: str, kind: Kind, why: object) -> str:
    return (
        f"The optimiser {name} needs the Python package {kind.package}, which cannot be used here ({why}). Install it "
        f"into ComfyUI's Python (pip install {kind.package}), or choose adamw."
    )


def make_optimiser(name: str, learnt: Iterable[nn.Parameter], rate: float, decay: float) -> torch.optim.Optimizer:
    """An optimiser of some weights.

    Raises:
        TrainingError: its package is not installed, or does not work here.
    """
    kind = OPTIMISERS[name]
    try:
        return kind.make(importlib.import_module(kind.module), list(learnt), rate, decay)
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise TrainingError(_needs(name, kind, error)) from error
