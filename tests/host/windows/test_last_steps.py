"""Steps without guidance, as ComfyUI's CFG Override makes them: windows predict one conditioning in place of two."""

from pathlib import Path
from typing import Any

import torch
from comfy_extras.nodes_custom_sampler import CFGOverride

from ..models import Patcher, animated, sample, tiny_model, tiny_motion
from .test_sliding import slid

FRAMES, STEPS, LENGTH = 14, 4, 8


def rows_of_calls(patched: Patcher) -> list[int]:
    """Frames times conditionings of every call of the UNet, as the sampling makes them."""
    rows: list[int] = []

    def count(apply: Any, given: dict[str, Any]) -> Any:
        rows.append(given["input"].shape[0])
        return apply(given["input"], given["timestep"], **given["c"])

    patched.set_model_unet_function_wrapper(count)
    return rows


def test_the_last_steps_cost_half(tmp_path: Path) -> None:
    patched = slid(animated(tiny_model(), tiny_motion(tmp_path)))
    with torch.inference_mode():
        overridden = CFGOverride.execute(patched, 1.0, 0.5, 1.0).result[0]
    rows = rows_of_calls(overridden)
    found = sample(overridden, frames=FRAMES, steps=STEPS)
    windows = len(rows) // STEPS
    assert windows == 2
    guided = rows.index(LENGTH)
    assert 0 < guided < len(rows)
    assert set(rows[:guided]) == {2 * LENGTH}
    assert set(rows[guided:]) == {LENGTH}
    assert not torch.equal(found, sample(patched, frames=FRAMES, steps=STEPS))
    # without guidance there is nothing to leave out
    plain = sample(patched, frames=FRAMES, steps=STEPS, cfg=1.0)
    assert torch.equal(sample(overridden, frames=FRAMES, steps=STEPS, cfg=1.0), plain)
