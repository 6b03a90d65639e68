"""What a request may bring along, and where clips go."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import folder_paths
import pytest
import torch
from kinema.nodes.host.folders import SavePathError, check_prefix, save_path
from kinema.nodes.host.video import output
from kinema.nodes.video import saving

NOWHERE = {"a": {}}
NOWHERE["a"]["b"] = NOWHERE
DEEP: list[Any] = []
for _ in range(20_000):
    DEEP = [DEEP]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An output folder of its own."""
    monkeypatch.setattr(folder_paths, "output_directory", str(tmp_path))
    return tmp_path


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was said on the node."""
    said: list[str] = []
    for module in (output, saving):
        monkeypatch.setattr(module, "notice", lambda text, *_: said.append(text))
    return said


def save(prompt: Any = None, extra: Any = None, **options: Any) -> Any:
    hidden = SimpleNamespace(prompt=prompt, extra_pnginfo=extra)
    return saving.save_clip(hidden, torch.rand(2, 16, 16, 3), **options)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("format", ["h264-mp4", "webp", "apng"])
@pytest.mark.parametrize(
    ("prompt", "extra", "words"),
    [
        ({"1": {"class_type": "a", "_meta": 5}}, ["no", "dictionary"], "no dictionary"),
        ({"1": {"class_type": "a", "_meta": {"title": ["x"]}}}, "text", "no dictionary"),
        ({"1": 3}, {"workflow": {"nodes": 3}, "日本\ud800": 1}, "日本"),
        ({"1": {"inputs": {"x": float("nan"), "y": "\ud800"}}}, {"workflow": NOWHERE}, "workflow"),
        ({}, {"workflow": DEEP, "ok": 1}, "workflow"),
        ({}, {"workflow": {1, 2}}, "workflow"),
        ({}, {"workflow": {"x": 10**6000}}, "workflow"),
        ({}, {5: 1, "": 2, "z" * 3000: 3, "a\0b": 4}, "5"),
    ],
)
def test_a_clip_is_saved_whatever_comes_with_it(
    folder: Path, notices: list[str], format: str, prompt: Any, extra: Any, words: str
) -> None:
    if format == "h264-mp4" and words == "日本":
        words = ""
    result = save(prompt, extra, format=format, filename_prefix="%a.b%/%date:yyyy%")
    assert len(files(folder)) == 1
    assert result.ui is not None
    assert any(words in text for text in notices)


def test_numbers_that_are_no_json() -> None:
    tags = output.workflow_tags({"x": [float("nan"), float("-inf"), "NaN", 1.5]}, {})
    assert json.loads(tags["prompt"], parse_constant=pytest.fail) == {"x": [None, None, "NaN", 1.5]}


@pytest.mark.parametrize("prefix", ["video/.", "video/./x", "a\\b", "50%d/x", "n%03dn", "video"])
@pytest.mark.parametrize("format", ["h264-mp4", "png-sequence", "webp"])
def test_every_save_is_a_new_file(folder: Path, prefix: str, format: str) -> None:
    assert check_prefix(prefix) is None
    found: dict[str, bytes] = {}
    for _ in range(3):
        save(format=format, filename_prefix=prefix)
        now = {name: (folder / name).read_bytes() for name in files(folder)}
        assert found.items() <= now.items(), "what was saved stays"
        assert len(now) > len(found)
        found = now


def test_two_servers_with_the_same_number(folder: Path) -> None:
    places = [save_path("video/x", False, 8, 8) for _ in range(2)]
    assert [next(place.paths(".mp4")).name for place in places] == ["x_00001_.mp4"] * 2
    (folder / "video" / "x_00001_.mp4").write_text("from the other server")
    save(filename_prefix="video/x")
    assert (folder / "video" / "x_00001_.mp4").read_text() == "from the other server"
    assert files(folder) == ["video/x_00001_.mp4", "video/x_00002_.mp4"]


def test_what_the_check_refuses_the_save_refuses(folder: Path) -> None:
    for prefix in ("../x", "/x", "a/", "", "a\nb", "\ud800", "a/" * 30 + "b"):
        assert check_prefix(prefix) is not None
        with pytest.raises(SavePathError, match="Nothing was saved"):
            save_path(prefix, False, 8, 8)
    assert files(folder) == []


def test_a_long_text_in_a_name(folder: Path) -> None:
    prompt = {"1": {"class_type": "a", "inputs": {"text": "ü" * 3000}}}
    save(prompt, filename_prefix="%a.text%%a.text%/%a.text%")
    assert len(files(folder)) == 1


def test_fast_gifs_say_so(notices: list[str]) -> None:
    save(format="gif", frame_rate=60.0)
    assert any("50 frames a second" in text for text in notices)
