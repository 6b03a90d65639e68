"""Windows inside the motion layers, where the layers are."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ..windows import Window


class View(NamedTuple):
    """Frames that motion layers see together, and what each weighs."""

    frames: Tensor
    """(frames,) numbers in the clip."""
    weights: Tensor
    """(frames,)."""


def placed_views(windows: Iterable[Window], device: torch.device) -> Sequence[View]:
    """Windows on a device; each is sent there once, because every call would wait for it."""
    return [_placed(window, device) for window in windows]


@lru_cache(maxsize=1024)
def _placed(window: Window, device: torch.device) -> View:
    # what is made in inference mode could not take part in training later
    with torch.inference_mode(False):
        return View(torch.tensor(window.frames).to(device), torch.tensor(window.weights).to(device))
