"""Checkpoints are whole or not there, and what was learnt is read back by the pack's own readers."""

import errno
import json
from pathlib import Path

import pytest
import torch
from kinema.motion.formats import read_weights, recognise, shapes_of
from kinema.motion.temporal import Mixing, fit, load_lora_model, load_motion_model, read_lora
from kinema.motion.training import (
    VERSIONS,
    Checkpoints,
    Denoising,
    ImageLora,
    Noising,
    Settings,
    Trainer,
    TrainingError,
    checkpoints,
    image_lora_tensors,
    learnable_lora,
    motion_lora_tensors,
    motion_module_tensors,
    new_motion_lora,
    new_motion_module,
    publish_weights,
)
from safetensors import safe_open

from tests.harness.seeded.layouts import motion_module
from tests.harness.seeded.layouts_lora import domain_adapter, motion_lora

from .toy import Toy, batch

WIDTHS = (32, 64, 128, 128)


def training() -> Trainer:
    made = Trainer(Toy(), batch, Denoising(), Noising.of("sqrt_linear (AnimateDiff)"), Settings(steps=9))
    made.advance()
    return made


def test_two_checkpoints_are_kept(tmp_path: Path) -> None:
    kept, trainer = Checkpoints(tmp_path / "run"), training()
    for _ in range(4):
        kept.save(trainer.state())
        trainer.advance()
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == ["step_00000003.safetensors", "step_00000004.safetensors"]
    assert kept.newest().step == 4


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    kept, trainer = Checkpoints(tmp_path), training()
    first = kept.save(trainer.state())
    trainer.advance()
    second = kept.save(trainer.state())
    whole = second.read_bytes()
    for damaged in (b"", whole[:100], whole[: len(whole) // 2], b"\xff" * 200):
        second.write_bytes(damaged)
        assert kept.newest().step == 1
    first.unlink()
    assert kept.newest() is None
    assert kept.save(trainer.state()).name == "step_00000002_2.safetensors"
    assert kept.newest().step == 2


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, trainer = Checkpoints(tmp_path), training()
    kept.save(trainer.state())
    trainer.advance()

    def full(_tensors, path, _about):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(TrainingError, match="step 2 cannot be saved.*disk is full.*queue it again"):
        kept.save(trainer.state())
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000001.safetensors"]
    assert kept.newest().step == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_motion_module_does_nothing_to_the_bit(version: str) -> None:
    tensors = new_motion_module(WIDTHS, version, 0)
    published = motion_module(WIDTHS, mid=VERSIONS[version])
    assert {key: value.shape for key, value in tensors.items()} == {k: v.shape for k, v in published.items()}
    recognised = recognise(shapes_of(tensors), "new")
    assert recognised.format.name == version
    model = load_motion_model(tensors, recognised, "new")
    x = torch.randn(8, 64, 4, 4)
    assert torch.equal(model.at(("input", 4))(x, Mixing(8)), x)
    other = new_motion_module(WIDTHS, version, 1)
    key = "down_blocks.0.motion_modules.0.temporal_transformer.proj_in.weight"
    assert torch.equal(tensors[key], new_motion_module(WIDTHS, version, 0)[key])
    assert not torch.equal(tensors[key], other[key])
    assert float(tensors[key].abs().max()) <= 32**-0.5
    assert float(tensors[key].std()) == pytest.approx((32 * 3) ** -0.5, rel=0.1)


@pytest.mark.parametrize("mid", [False, True])
def test_a_motion_module_is_saved_under_the_keys_it_came_with(mid: bool) -> None:
    tensors = motion_module(WIDTHS, mid=mid)
    recognised = recognise(shapes_of(tensors), "seeded")
    saved = motion_module_tensors(recognised, load_motion_model(tensors, recognised, "seeded").state_dict())
    assert saved.keys() == tensors.keys()
    for key, tensor in tensors.items():
        assert torch.equal(saved[key], tensor)


@pytest.mark.parametrize("wide", [False, True])
def test_a_new_motion_lora_does_nothing_and_is_read_back(tmp_path: Path, wide: bool) -> None:
    tensors = motion_module(WIDTHS)
    recognised = recognise(shapes_of(tensors), "seeded")
    motion = load_motion_model(tensors, recognised, "seeded")
    lora = new_motion_lora(motion, recognised.structure.channels, 4, 0, wide)
    state = lora.state_dict()
    assert all(not value.any() for key, value in state.items() if "up" in key)
    downs = torch.cat([value.flatten() for key, value in state.items() if "down" in key])
    assert float(downs.std()) == pytest.approx(0.25, rel=0.05)
    saved = motion_lora_tensors(lora.targets, {key: torch.randn_like(value) for key, value in state.items()})
    if not wide:
        assert saved.keys() == motion_lora(WIDTHS, rank=4).keys()
    path = publish_weights(saved, {"steps": 3, "base": "SD1.5"}, [tmp_path / "zoom_00001_.safetensors"])
    read = read_lora(read_weights(str(path)), path.name)
    assert not read.unexplained
    assert {target: change.down.shape for target, change in read.changes.items()} == {
        target: layer.down.weight.shape for target, layer in zip(lora.targets, lora.layers, strict=True)
    }
    assert fit(load_lora_model(read), motion, "zoom", "seeded") is None
    with safe_open(path, "pt") as file:
        assert {key: file.metadata()[key] for key in ("steps", "base")} == {"steps": "3", "base": "SD1.5"}


def test_a_lora_that_goes_on_keeps_its_change() -> None:
    read = read_lora(motion_lora(WIDTHS, rank=4), "seeded")
    alphas = {target: type(change)(change.down, change.up, 0.5) for target, change in read.changes.items()}
    learnt = learnable_lora(type(read)(alphas, read.tensors, ()))
    for layer, change in zip(learnt.layers, alphas.values(), strict=True):
        assert layer.scale == 1.0
        torch.testing.assert_close(layer.up.weight @ layer.down.weight, 0.5 * change.up @ change.down)
        assert layer.up.weight.requires_grad


def test_a_domain_adapter_has_the_published_keys() -> None:
    published = domain_adapter(WIDTHS, rank=4)
    shapes = {}
    for key, tensor in published.items():
        if key.endswith("_lora.up.weight"):
            name = key.removesuffix("_lora.up.weight").replace(".processor", "")
            down = published[key.replace("lora.up", "lora.down")]
            shapes[name + ".0" * name.endswith("to_out")] = (tensor.shape[0], down.shape[1])
    lora = ImageLora(shapes, 4, 0)
    saved = image_lora_tensors(lora.targets, lora.state_dict())
    assert {key: value.shape for key, value in saved.items()} == {k: v.shape for k, v in published.items()}
    assert not lora.change(0, torch.ones(shapes[lora.targets[0]])).any()


def test_a_saved_file_is_never_replaced(tmp_path: Path) -> None:
    names = [tmp_path / f"{number}.safetensors" for number in range(3)]
    names[0].write_text("mine")
    about = {"license": "CC-BY-4.0", "clips": 5}
    assert publish_weights({"a": torch.ones(2)}, about, names) == names[1]
    assert names[0].read_text() == "mine"
    with safe_open(names[1], "pt") as file:
        assert file.metadata() == {"license": "CC-BY-4.0", "clips": json.dumps(5)}
