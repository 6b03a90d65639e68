"""What goes over the wire: numbers, names and arrays, nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

PRECISIONS = ("fp32", "fp16")
NOTHING = np.zeros(0, np.float32)
"""The prediction of a list of conditionings that there is not, as at cfg 1, which is all zeros."""
UNKNOWN, MISSING = "unknown", "missing"
"""Answers of a worker that has forgotten a sampling, or has not seen windows that others look at."""


@dataclass(frozen=True, eq=False)
class Start:
    """What a worker builds a sampling from."""

    sampling: str
    """Its name."""
    prompt: Mapping[str, Any]
    """The sampler and all nodes above it, as in ComfyUI's API format."""
    run: str
    """Of ComfyUI, the prompt's own id."""
    node: str
    """The sampler."""
    number: int
    """Which sampling of that node it is; FreeInit has several."""
    results: Sequence[np.ndarray] = ()
    """What the samplings before it came to."""


@dataclass(frozen=True, eq=False)
class Job:
    """Windows of one call of the model."""

    conds: Sequence[str | None]
    """Names of lists of conditionings."""
    moments: np.ndarray
    """(frames of the clip,) noise levels."""
    first: int
    """The number of the first window."""
    frames: Sequence[Sequence[int]]
    """Of each window."""
    latents: np.ndarray
    """(frames of all windows, channels, height, width)."""
    sampling: str = ""
    prediction: int = 0
    """Counts the predictions of the whole clip."""
    needs: Sequence[int] = ()
    """Calls that these windows look back at, by their first window."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a worker made of a job."""

    predictions: Sequence[np.ndarray] = ()
    """(frames of all windows, channels, height, width) for each list of conditionings."""
    seconds: float = 0.0
    """That the model took."""
    problem: str = ""
    """A sentence, or `UNKNOWN` or `MISSING`."""
    missing: Sequence[int] = ()


def as_wire(record: Start | Job | Answer) -> dict[str, Any]:
    """A record as the names and values that are sent."""
    return dict(vars(record))


def packed(tensor: Tensor, precision: str = "fp32") -> np.ndarray:
    """A tensor as it is sent."""
    return tensor.to("cpu", torch.float16 if precision == "fp16" else torch.float32).numpy()


def unpacked(array: np.ndarray, like: Tensor) -> Tensor:
    """What was sent, on the device and in the numbers of another tensor."""
    # arrays that come out of shared memory cannot be written to, which torch warns of
    return torch.from_numpy(np.array(array)).to(like)
