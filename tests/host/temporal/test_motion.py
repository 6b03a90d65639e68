"""A motion file is read once while it is in use, and its weights are those of the mapped file."""

import gc
import weakref
from pathlib import Path

import pytest
import torch
from kinema.nodes.host import files
from kinema.nodes.host.files import load_patcher
from kinema.nodes.host.temporal import motion as loader
from safetensors.torch import save_file

from tests.harness.seeded.layouts import motion_module

from ..models import CHANNELS, Patcher, animated, sample, tiny_model


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths read from disk."""
    found: list[str] = []
    read = loader.read_weights
    monkeypatch.setattr(loader, "read_weights", lambda path: found.append(path) or read(path))
    return found


def write(folder: Path, name: str, seed: int = 0) -> str:
    """A motion module that takes the place of an older file as a whole."""
    save_file(motion_module(CHANNELS, seed=seed), folder / "new")
    (folder / "new").replace(folder / name)
    return str(folder / name)


def test_a_second_use_reads_nothing(tmp_path: Path, reads: list[str]) -> None:
    path, other = write(tmp_path, "one.safetensors"), write(tmp_path, "two.safetensors", seed=1)
    first = loader.load_motion(path)
    assert loader.load_motion(path).loaded is first.loaded
    loader.load_motion(other)
    assert loader.load_motion(path).loaded is first.loaded, "in use, though another one came between"
    assert reads == [path, other]


def test_the_last_one_stays_and_the_others_go(tmp_path: Path, reads: list[str]) -> None:
    path, other = write(tmp_path, "one.safetensors"), write(tmp_path, "two.safetensors", seed=1)
    weight = weakref.ref(next(loader.load_motion(path).model.parameters()))
    gc.collect()
    assert weight() is not None
    loader.load_motion(path)
    assert reads == [path]
    loader.load_motion(other)
    gc.collect()
    assert weight() is None
    loader.load_motion(path)
    assert reads == [path, other, path]


def test_a_replaced_file_is_read_again(tmp_path: Path, reads: list[str]) -> None:
    path = write(tmp_path, "one.safetensors")
    first = loader.load_motion(path)
    kept = {name: value.clone() for name, value in first.model.state_dict().items()}
    write(tmp_path, "one.safetensors", seed=1)
    second = loader.load_motion(path)
    assert reads == [path, path]
    assert second is not first
    name = "sites.input_1.proj_in.weight"
    assert not torch.equal(second.model.state_dict()[name], kept[name])
    assert all(torch.equal(value, kept[name]) for name, value in first.model.state_dict().items())


def test_what_a_graph_holds_is_not_read_again(tmp_path: Path, reads: list[str]) -> None:
    model: Patcher = tiny_model()
    path = write(tmp_path, "one.safetensors")
    moving = animated(model, loader.load_motion(path), "use existing")
    loader.load_motion(write(tmp_path, "two.safetensors", seed=1))
    wanted = sample(moving)
    assert torch.equal(sample(animated(model, loader.load_motion(path), "use existing")), wanted)
    assert reads.count(path) == 1


def test_deep_clones_read_their_own(tmp_path: Path, reads: list[str]) -> None:
    path = write(tmp_path, "one.safetensors")
    loaded = loader.load_motion(path)
    function, arguments = loaded.loaded.patcher.cached_patcher_init
    again = function(*arguments, disable_dynamic=True)
    assert again is not loaded.loaded.patcher
    assert again.model is not loaded.model
    assert reads == [path, path]


def test_weights_are_those_of_the_mapped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "one.safetensors")
    key = "down_blocks.0.motion_modules.0.temporal_transformer.proj_in.weight"
    tensors = loader.read_weights(path)
    monkeypatch.setattr(loader, "read_weights", lambda _: tensors)
    name = "sites.input_1.proj_in.weight"
    assert load_patcher(loader.MotionWeights, path).model.state_dict()[name].data_ptr() == tensors[key].data_ptr()
    monkeypatch.setattr(files.args, "disable_mmap", True)
    copied = load_patcher(loader.MotionWeights, path).model.state_dict()[name]
    assert copied.data_ptr() != tensors[key].data_ptr()
    assert torch.equal(copied, tensors[key])
