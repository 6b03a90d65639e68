"""No step of a sampling makes the device wait: nothing asks it for a number, and nothing is handed to it anew."""

import traceback
from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.motion.windows import WindowOptions
from kinema.nodes.host import windows
from kinema.nodes.inputs import as_value
from torch.utils._python_dispatch import TorchDispatchMode

from tests.harness.pack import ROOT

from ..models import animated, sample, tiny_model, tiny_motion
from .test_sliding import slid

ASKS = {"item", "_local_scalar_dense", "nonzero", "is_nonzero", "_unique2", "masked_select"}
"""Operations whose result the processor has to know; inference mode has other names for some."""
HANDS = {"lift_fresh", "lift"}
"""Tensors made of Python's numbers."""
OURS = tuple(str(ROOT / name) for name in ("nodes", "motion"))


class Waits(TorchDispatchMode):
    """Notes which lines of the pack do either, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.step = 0
        self.seen: list[tuple[int, str, str]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in ASKS | HANDS:
            callers = [each for each in traceback.extract_stack()[:-1] if "/torch/" not in each.filename]
            if callers and callers[-1].filename.startswith(OURS):
                self.seen.append((self.step, name, f"{callers[-1].filename}:{callers[-1].lineno}"))
        return func(*args, **(kwargs or {}))

    def later(self) -> list[tuple[str, str]]:
        """What is done again after the first step."""
        return [(name, line) for step, name, line in self.seen if step > 0]


def waits(model: Any, frames: int) -> Waits:
    noted = Waits()

    def callback(step: int, *_: Any) -> None:
        noted.step = step + 1

    with noted:
        sample(model, frames=frames, steps=3, callback=callback)
    return noted


@pytest.mark.parametrize(
    ("frames", "options"),
    [
        (8, None),
        (20, {}),
        (20, {"at_once": 3}),
        (20, {"schedule": "looped_static", "closed_loop": True}),
        (20, {"schedule": "batched", "fuse": "overlap-linear"}),
    ],
)
def test_no_step_waits(tmp_path: Path, frames: int, options: dict[str, Any] | None) -> None:
    model = animated(tiny_model(), tiny_motion(tmp_path), scale=[0.1 * n for n in range(frames)])
    assert waits(model if options is None else slid(model, **options), frames).later() == []


def test_windows_that_move_ask_for_the_noise_level_alone(tmp_path: Path) -> None:
    model = slid(animated(tiny_model(), tiny_motion(tmp_path)), schedule="standard_uniform")
    later = waits(model, 20).later()
    assert [name for name, _ in later] == ["item"] * 2, "once a step"


def test_views_wait_for_nothing(tmp_path: Path) -> None:
    model = animated(tiny_model(), tiny_motion(tmp_path), scale=[0.1 * n for n in range(20)])
    assert waits(windows.view(model, WindowOptions(length=8, overlap=2)), 20).later() == []


def test_what_is_looked_for_is_seen() -> None:
    noted = Waits()
    with noted:
        float(torch.ones(1))
    assert noted.seen == [], "only the pack's own lines count"
    with noted:
        as_value("strength", [1.0, 2.0]).over(range(2), (1, 1))
    assert [name for _, name, _ in noted.seen] == ["lift_fresh"]
