"""Weight files: every container people have, and every way they break."""

import json
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
    for name in ("page.safetensors", "page.ckpt"):
        (tmp_path / name).write_text("<!DOCTYPE html><html>Sign in to download</html>")
        refused(tmp_path / name)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float8_e5m2])
def test_large_weights_are_not_infinite_ones(dtype: torch.dtype) -> None:
    large = torch.full((8, 8), torch.finfo(dtype).max).to(dtype)
    check_finite("weight", large, "file")
    for bad in (float("inf"), float("-inf"), float("nan")):
        broken = torch.zeros(8, 8)
        broken[3, 4] = bad
        with pytest.raises(WeightFileError, match="file is damaged: weight holds NaN or infinite values"):
            check_finite("weight", broken.to(dtype), "file")
