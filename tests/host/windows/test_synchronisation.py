"""What waits for the device within a sampling: nothing of this pack, once its first step is over."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.motion.windows import WindowOptions
from kinema.nodes.host.windows import views
from torch.utils._python_dispatch import TorchDispatchMode

from tests.harness.setup import ROOT

from ..models import Patcher, animated, sample, tiny_model, tiny_motion
from .test_sliding import slid

STEPS = 3
FRAMES = 20
WAITS = {
    "aten.item.default": "a number is read from a tensor",
    "aten.is_nonzero.default": "a number is read from a tensor",
    "aten._local_scalar_dense.default": "a number is read from a tensor",
    "aten.lift_fresh.default": "a list is sent",
}
OWN = tuple(str(ROOT / name) for name in ("nodes", "motion"))
TORCH = str(Path(torch.__file__).parent)


class Waiting(TorchDispatchMode):
    """Counts what makes an accelerator wait, or sends it something, by the line of this pack that asks for it."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.counting = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self.counting and str(func) in WAITS:
            asking = next(file for file in _files() if not file.startswith(TORCH) and file != __file__)
            if asking.startswith(OWN):
                self.counts[f"{Path(asking).name}: {WAITS[str(func)]}"] += 1
        return func(*args, **(kwargs or {}))


def _files() -> Iterator[str]:
    """Of the lines that run now, the innermost first."""
    frame = sys._getframe(1)
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def waits(patched: Patcher) -> dict[str, int]:
    """What the steps after the first one wait for."""
    waiting = Waiting()

    def begin(step: int, *_rest: Any) -> None:
        waiting.counting = True

    with waiting:
        assert sample(patched, frames=FRAMES, steps=STEPS, callback=begin).isfinite().all()
    return dict(waiting.counts)


@pytest.mark.parametrize("schedule", ["standard_static", "looped_static", "batched"])
def test_a_step_waits_for_nothing(tmp_path: Path, schedule: str) -> None:
    curve = [0.1 * number for number in range(FRAMES)]
    assert waits(slid(animated(tiny_model(), tiny_motion(tmp_path), scale=curve), schedule=schedule)) == {}


def test_views_wait_for_nothing(tmp_path: Path) -> None:
    curve = [0.1 * number for number in range(FRAMES)]
    patched = animated(tiny_model(), tiny_motion(tmp_path), scale=curve)
    assert waits(views.view(patched, WindowOptions(length=8, overlap=2))) == {}


def test_windows_that_move_ask_for_the_step(tmp_path: Path) -> None:
    """Once for each prediction: which windows there are depends on it."""
    found = waits(slid(animated(tiny_model(), tiny_motion(tmp_path)), schedule="standard_uniform"))
    assert found == {"sliding.py: a number is read from a tensor": STEPS - 1}
