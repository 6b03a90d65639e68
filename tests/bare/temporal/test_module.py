"""A recognised file becomes the same model whatever code saved it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from kinema.motion.formats import read_weights, recognise
from kinema.motion.formats.weights import WeightFileError
from kinema.motion.temporal import MotionModel, load_motion_model
from kinema.motion.temporal.module import canonical_state
from torch import Tensor

from tests.harness.seeded import layouts

TINY = (32, 64, 64, 96)
TINY_XL = (32, 64, 96)


def load(state: Mapping[str, Tensor], dtype: torch.dtype = torch.float32) -> MotionModel:
    recognised = recognise({name: tuple(value.shape) for name, value in state.items()}, "file")
    return load_motion_model(state, recognised, "file", dtype=dtype)


def without_tables(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if not key.endswith(".pe")}


def with_unet(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: torch.zeros(shape) for name, shape in layouts.image_unet(TINY, context=32).items()} | dict(state)


def same(found: MotionModel, wanted: MotionModel) -> bool:
    one, other = found.state_dict(), wanted.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in other)


@pytest.mark.parametrize(("channels", "mid", "rows"), [(TINY, False, 24), (TINY, True, 64), (TINY_XL, False, 32)])
@pytest.mark.parametrize("spelling", layouts.SPELLINGS)
def test_every_spelling_holds_the_same_tensors(spelling: str, channels: tuple, mid: bool, rows: int) -> None:
    state = layouts.motion_module(channels, mid, rows)
    wanted = load(state)
    assert same(load(layouts.respelled(state, spelling)), wanted)
    assert same(load({f"unet.{key}": value for key, value in layouts.respelled(state, spelling).items()}), wanted)


@pytest.mark.parametrize("spelling", layouts.SPELLINGS)
@pytest.mark.parametrize(("mid", "rows"), [(False, 24), (True, 32)])
def test_training_checkpoints_hold_the_same_tensors(spelling: str, mid: bool, rows: int) -> None:
    state = layouts.motion_module(TINY, mid, rows)
    wanted = load(state)
    assert same(load(with_unet(layouts.respelled(state, spelling))), wanted)
    rebuilt = load(with_unet(layouts.respelled(without_tables(state), spelling)))
    assert "retrained" in rebuilt.format.name
    tables = dict(rebuilt.state_dict())
    for name, value in wanted.state_dict().items():
        torch.testing.assert_close(tables[name], value, rtol=0, atol=1e-6 if "table" in name else 0)


def test_training_checkpoints_load_from_disk(tmp_path: Path) -> None:
    state = layouts.motion_module(TINY, False, 24)
    parallel = {f"module.{key}": value for key, value in with_unet(without_tables(state)).items()}
    torch.save({"epoch": 3, "global_step": 100, "state_dict": parallel}, tmp_path / "checkpoint-100.ckpt")
    model = load(read_weights(str(tmp_path / "checkpoint-100.ckpt")))
    assert (model.format.name, model.max_frames) == ("AnimateDiff v1, retrained", 24)
    assert dict(model.about)["not used"].startswith("686 tensors of an image model")


def test_animatelcm_gets_64_positions() -> None:
    state = layouts.motion_module(TINY, True, 64)
    model = load(without_tables(state))
    assert (model.format.name, model.max_frames) == ("AnimateLCM", 64)
    table = model.at(("middle", 0)).attentions[1].positions.table
    torch.testing.assert_close(table, layouts.position_table(64, 96)[0], rtol=0, atol=1e-6)
    assert dict(model.about)["file layout"].endswith("rebuilt because the file has none")


def test_partial_models_leave_the_other_blocks_alone() -> None:
    state = {key: value for key, value in layouts.motion_module(TINY, False, 24).items() if key.startswith("up_")}
    model = load(state)
    assert model.at(("input", 1)) is None
    assert model.at(("output", 0)) is not None


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_broken_numbers_are_refused(bad: float) -> None:
    state = layouts.motion_module((32, 32, 32, 32))
    key = next(key for key in state if key.endswith("ff.net.2.weight"))
    state[key][3, 5] = bad
    recognised = recognise({name: tuple(value.shape) for name, value in state.items()}, "bad.safetensors")
    with pytest.raises(WeightFileError, match=f"bad.safetensors is damaged: {re.escape(key)}"):
        canonical_state(state, recognised, "bad.safetensors")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float8_e4m3fn])
def test_loads_every_dtype(dtype: torch.dtype) -> None:
    state = {key: value.to(dtype) for key, value in layouts.motion_module((32, 32, 32, 32)).items()}
    weight = load(state).at(("middle", 0)).ff_out.weight
    wanted = state["mid_block.motion_modules.0.temporal_transformer.transformer_blocks.0.ff.net.2.weight"]
    assert torch.equal(weight, wanted.float())
