"""SDXL modules in an SDXL model of small width."""

from pathlib import Path
from typing import Any

import pytest
import torch
from kinema.nodes.host.temporal import motion as loader
from kinema.nodes.host.temporal.fit import AnimateError
from safetensors.torch import save_file

from tests.harness.seeded.layouts import motion_module, respelled
from tests.papers.error import relative_error

from ..models import CHANNELS, TOKENS, Patcher, animated, sample, tiny_motion, tiny_sdxl

NARROW = (32, 64, 128)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_sdxl()


def sdxl_conds() -> tuple[list[Any], list[Any]]:
    generator = torch.Generator().manual_seed(3)

    def one() -> list[Any]:
        pooled = {"pooled_output": torch.randn(1, 1280, generator=generator)}
        return [[torch.randn(1, TOKENS, 2048, generator=generator), pooled]]

    return one(), one()


def run(model: Patcher, frames: int = 8) -> torch.Tensor:
    positive, negative = sdxl_conds()
    return sample(model, frames=frames, positive=positive, negative=negative)


def motion(folder: Path, name: str, **options: Any) -> loader.LoadedMotion:
    positions = {"beta": 32, "hotshot": 24}[name]
    state = motion_module(NARROW, mid=False, positions=positions, **options)
    if name == "hotshot":
        state = respelled(state, "HotshotXL")
    save_file(state, folder / f"{name}.safetensors")
    return loader.load_motion(str(folder / f"{name}.safetensors"))


@pytest.mark.parametrize(
    ("name", "known_as", "highest"), [("beta", "AnimateDiff SDXL beta", 65.93), ("hotshot", "HotshotXL", 14.61)]
)
def test_sdxl_modules_run(model, tmp_path: Path, name: str, known_as: str, highest: float) -> None:
    loaded = motion(tmp_path, name)
    assert loaded.model.format.name == known_as
    moving = animated(model, loaded)
    assert float(moving.get_model_object("model_sampling").sigmas[-1]) == pytest.approx(highest, rel=1e-3)
    found = run(moving)
    assert bool(found.isfinite().all())
    assert relative_error(found, run(model)) > 1e-2


def test_zero_output_projection_changes_nothing(model, tmp_path: Path) -> None:
    silent = animated(model, motion(tmp_path, "beta", zero_output=True), "use existing")
    assert torch.equal(run(silent), run(model))


def test_sd15_modules_are_refused(model, tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match="is made for SD1.5, but the checkpoint is an SDXL model"):
        animated(model, tiny_motion(tmp_path, "v2", channels=CHANNELS))
