"""Spoiled weight files are read or refused in words, soon, and nothing in them runs."""

import random
import time
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from kinema.motion.formats import WeightFileError, read_weights

from .mutated import BOMBS, CONTAINERS, KINDS, ODD, SPOIL, Attack, good, packed, read, seeded

SECONDS = 60.0
"""Of the processor, for a file of 1 to 3 MB: far more than a slow machine takes, far less than what a bomb asks for."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_good_files_are_read(tmp_path: Path, kind: str, container: str) -> None:
    (tmp_path / "good").write_bytes(good(kind, container))
    assert read(tmp_path / "good", kind) == "read"


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    # shrinking and explaining run slow files again and again, under a tracer
    phases=[Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kind=st.sampled_from(list(KINDS)),
    container=st.sampled_from(CONTAINERS),
    how=st.sampled_from(list(SPOIL)),
    seed=st.integers(0, 2**32 - 1),
)
def test_spoiled_files_are_read_or_refused(tmp_path: Path, kind: str, container: str, how: str, seed: int) -> None:
    path = tmp_path / "spoiled.ckpt"
    path.write_bytes(SPOIL[how](kind, container, random.Random(seed)))
    start = time.process_time()
    read(path, kind)
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("number", range(len(BOMBS)))
@pytest.mark.parametrize("zipped", [True, False])
def test_indexes_that_cost_are_not_followed(tmp_path: Path, number: int, zipped: bool) -> None:
    path = tmp_path / "bomb.ckpt"
    legacy = packed({"a": torch.ones(1)}, "legacy")[:15]
    assert legacy.endswith(b".")
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", BOMBS[number])
            archive.writestr("archive/version", "3\n")
    else:
        path.write_bytes(legacy + BOMBS[number] * 4)
    start = time.process_time()
    with pytest.raises(WeightFileError):
        read_weights(str(path))
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "name", ["one number", "meta", "quantised", "sparse", "compressed", "nested", "complex", "fp4"]
)
def test_only_plain_tensors_pass(tmp_path: Path, name: str) -> None:
    content = seeded("lora") | {"odd": ODD[name](random.Random(0))}
    path = tmp_path / "odd.pt"
    torch.save(content, path)
    with pytest.raises(WeightFileError, match=r"odd\.pt (cannot be used: odd is|holds|is a PyTorch file)"):
        read_weights(str(path))


@pytest.mark.parametrize("zipped", [True, False])
def test_wrappers_around_themselves_are_looked_into_once(tmp_path: Path, zipped: bool) -> None:
    path, content = tmp_path / "itself.pt", {**ODD["itself"](random.Random(0)), "w": torch.ones(2)}
    content["again"] = content
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert list(read_weights(str(path))) == ["w"]
    torch.save(ODD["deep"](random.Random(0)), path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightFileError, match="levels deep"):
        read_weights(str(path))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("suffix", ["safetensors", "ckpt"])
def test_no_code_runs_under_any_name(tmp_path: Path, zipped: bool, suffix: str) -> None:
    path, marker = tmp_path / f"evil.{suffix}", tmp_path / "ran"
    torch.save(seeded("module") | {"x": Attack(str(marker))}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightFileError, match="could run code"):
        read_weights(str(path))
    assert not marker.exists()
