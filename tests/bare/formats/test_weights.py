"""Weight files: every container people have, and every way they break."""

import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from kinema.motion.formats import check_finite, read_weights
from kinema.motion.formats.weights import WeightFileError
from safetensors.torch import save_file

WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "b.bias": torch.ones(2)}


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == WEIGHTS.keys() and all(torch.equal(found[key], WEIGHTS[key]) for key in WEIGHTS)


def test_safetensors(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "m.safetensors")
    assert same(read_weights(str(tmp_path / "m.safetensors")))


@pytest.mark.parametrize("extension", ["ckpt", "pt", "pth", "bin"])
@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        {"state_dict": WEIGHTS},
        {"module." + key: value for key, value in WEIGHTS.items()},
        {"epoch": 3, "state_dict": {"module." + key: value for key, value in WEIGHTS.items()}},
        {"state_dict": {**WEIGHTS, "animatediff_config": "dummy"}},
    ],
    ids=["bare", "state_dict", "ddp", "train", "extras"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_torch_files(tmp_path: Path, extension: str, content: object, zipped: bool) -> None:
    path = tmp_path / f"m.{extension}"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert same(read_weights(str(path)))


class Attack:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def refused(path: Path) -> str:
    with pytest.raises(WeightFileError) as caught:
        read_weights(str(path))
    assert path.name in str(caught.value)
    return str(caught.value)


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for zipped in (True, False):
        torch.save(
            {"w": torch.ones(1), "x": Attack(marker)}, tmp_path / "evil.ckpt", _use_new_zipfile_serialization=zipped
        )
        assert "could run code" in refused(tmp_path / "evil.ckpt")
    (tmp_path / "raw.pt").write_bytes(pickle.dumps(Attack(marker)))
    refused(tmp_path / "raw.pt")
    assert not marker.exists()


def test_missing_and_empty(tmp_path: Path) -> None:
    assert "not found" in refused(tmp_path / "gone.safetensors")
    (tmp_path / "empty.ckpt").touch()
    assert "empty" in refused(tmp_path / "empty.ckpt")
    torch.save({"epoch": 1}, tmp_path / "none.pt")
    assert "no tensors" in refused(tmp_path / "none.pt")


def test_truncated(tmp_path: Path) -> None:
    save_file({"w": torch.ones(1000)}, tmp_path / "a.safetensors")
    torch.save({"w": torch.ones(1000)}, tmp_path / "b.ckpt")
    for name in ("a.safetensors", "b.ckpt"):
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        refused(tmp_path / name)


def test_header_that_claims_too_much(tmp_path: Path) -> None:
    (tmp_path / "huge.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    refused(tmp_path / "huge.safetensors")
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    (tmp_path / "wide.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    refused(tmp_path / "wide.safetensors")


def test_zip_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.ckpt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * (32 << 20))
    assert "compressed" in refused(tmp_path / "bomb.ckpt")


def test_other_kinds_of_file(tmp_path: Path) -> None:
    others = {
        b"<!DOCTYPE html><html><title>Sign in</title>Sign in to download</html>": r'a web page ("Sign in")',
        b'\n<?xml version="1.0"?>\n<html>': "a web page",
        b'{"error": "Access to model x is restricted"}': 'a JSON text, not a model. It begins: {"error": "Access',
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 1817888431\n": "a Git LFS pointer",
        b"Invalid username or password.": "a text, not a model. It begins: Invalid username",
        b"GGUF\3\0\0\0" + bytes(40): "a GGUF file",
        b"7z\xbc\xaf\x27\x1c" + bytes(40): "a 7z archive",
        b"\x89PNG\r\n" + bytes(40): "a picture",
        bytes(5000): "begins with nothing but zeros",
        bytes(range(100, 200)): "of an unknown kind",
    }
    for content, words in others.items():
        for name in ("other.safetensors", "other.ckpt"):
            (tmp_path / name).write_bytes(content)
            said = refused(tmp_path / name)
            assert words in said
            assert "zeros" in words or "ownload it again" not in said


def test_contents_count_and_extensions_do_not(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "m.ckpt")
    assert same(read_weights(str(tmp_path / "m.ckpt")))
    for zipped in (True, False):
        torch.save({"state_dict": WEIGHTS}, tmp_path / "m.safetensors", _use_new_zipfile_serialization=zipped)
        assert same(read_weights(str(tmp_path / "m.safetensors")))


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.ckpt").mkdir()
    assert "is a folder, not a file" in refused(tmp_path / "folder.ckpt")
    (tmp_path / "link.ckpt").symlink_to(tmp_path / "away.ckpt")
    said = refused(tmp_path / "link.ckpt")
    assert f"is a link to {tmp_path / 'away.ckpt'}, where there is no file" in said
    os.mkfifo(tmp_path / "pipe.ckpt")
    assert "is a device or a pipe" in refused(tmp_path / "pipe.ckpt")
    with zipfile.ZipFile(tmp_path / "models.ckpt", "w") as archive:
        archive.writestr("mm_sd_v15_v2.ckpt", b"x")
    assert "is a zip archive without PyTorch's index of weights (it holds 'mm_sd" in refused(tmp_path / "models.ckpt")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "may not be read: the system denies it. Give the user"),
        (FileNotFoundError(2, "No such file"), "was not found at"),
        (OSError(5, "Input/output error"), r"cannot be read from its disk (Input/output error)"),
    ],
)
@pytest.mark.parametrize("where", ["os.stat", "builtins.open", "torch.load"])
def test_files_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str, where: str
) -> None:
    path = tmp_path / "m.ckpt"
    torch.save(WEIGHTS, path)

    def fail(*_: object, **__: object) -> None:
        raise error

    # the tests may run as a user who may read everything
    monkeypatch.setattr(where, fail)
    with pytest.raises(WeightFileError) as caught:
        read_weights(str(path))
    monkeypatch.undo()
    assert words in str(caught.value)
    assert "ownload" not in str(caught.value)


@pytest.mark.parametrize("average_first", [True, False])
def test_weights_keep_their_names_beside_an_average_and_an_optimizer(tmp_path: Path, average_first: bool) -> None:
    average = {key: value + 1 for key, value in WEIGHTS.items()}
    parts = [("state_dict", WEIGHTS), ("ema_state_dict", average)]
    states = {number: {"step": torch.tensor(3.0), "exp_avg": torch.ones(2)} for number in range(2)}
    content = dict(reversed(parts) if average_first else parts) | {"optimizer": {"state": states}}
    torch.save(content, tmp_path / "m.ckpt")
    found = read_weights(str(tmp_path / "m.ckpt"))
    assert all(torch.equal(found[key], WEIGHTS[key]) for key in WEIGHTS)
    assert all(torch.equal(found[f"ema_state_dict.{key}"], average[key]) for key in WEIGHTS)
    assert "optimizer.state.1.exp_avg" in found


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float8_e5m2])
def test_large_weights_are_not_infinite_ones(dtype: torch.dtype) -> None:
    large = torch.full((8, 8), torch.finfo(dtype).max).to(dtype)
    check_finite("weight", large, "file")
    for bad in (float("inf"), float("-inf"), float("nan")):
        broken = torch.zeros(8, 8)
        broken[3, 4] = bad
        with pytest.raises(WeightFileError, match="file is damaged: weight holds NaN or infinite values"):
            check_finite("weight", broken.to(dtype), "file")
