"""What a worker has to have in common with the ComfyUI that asks it."""

from pathlib import Path
from typing import Any

import folder_paths
import pytest
from kinema.motion.workers import LostError, WorkersError
from kinema.nodes.host.workers import contents
from kinema.nodes.host.workers.checked import Check, check_all
from kinema.nodes.host.workers.contents import content_of, files_of, versions


@pytest.fixture
def embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of embeddings that the host knows."""
    monkeypatch.setitem(folder_paths.folder_names_and_paths, "embeddings", ([str(tmp_path)], {".pt"}))
    return tmp_path


def prompt(**inputs: Any) -> dict[str, Any]:
    """One node."""
    return {"1": {"class_type": "CLIPTextEncode", "inputs": inputs}}


class Answering:
    """A worker that has what it says."""

    name = "worker 1"

    def __init__(self, **about: Any) -> None:
        self._about = {"machine": "there", "versions": versions(), "files": {}, "lacking": [], **about}
        self.lost = 0

    def ask(self, method: str, files: list[str], kinds: list[str], **_how: Any) -> dict[str, Any]:
        assert method == "about"
        assert kinds == ["CLIPTextEncode"]
        if self.lost:
            self.lost -= 1
            raise LostError("died")
        return {**self._about, "files": dict.fromkeys(files, "") | self._about["files"]}


@pytest.mark.parametrize(
    "text", ["a cat, embedding:bad, night", "(embedding:bad:1.2)", "embedding:bad.pt", "x\nembedding:bad"]
)
def test_embeddings_that_a_text_asks_for_are_files(embeddings: Path, text: str) -> None:
    (embeddings / "bad.pt").write_bytes(b"weights")
    assert list(files_of(prompt(text=text))) == ["embeddings/bad.pt"]


def test_a_folder_is_the_pictures_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_paths, "input_directory", str(tmp_path))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "1.png").write_bytes(b"one")
    (before,) = files_of(prompt(folder="pictures")).items()
    assert before[0] == "input/pictures"
    (tmp_path / "pictures" / "2.png").write_bytes(b"two")
    assert content_of("input/pictures") != before[1]


def test_names_of_no_files_are_none() -> None:
    texts = [
        "",
        "a cat",
        "x" * 600,
        "D:\\somewhere\\else.mp4",
        "../..",
        "what [temp]",
        "embedding:",
        "nul\0l",
        "/nowhere/at/all",
    ]
    assert files_of({str(n): {"class_type": "A", "inputs": {"text": text}} for n, text in enumerate(texts)}) == {}


def test_a_file_is_read_once(embeddings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (embeddings / "once.pt").write_bytes(b"weights")
    first = content_of("embeddings/once.pt")
    monkeypatch.setattr(contents.hashlib, "file_digest", None)
    assert content_of("embeddings/once.pt") == first


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"versions": {**versions(), "Kinema": "other"}}, "has other Kinema: other; here"),
        (
            {"versions": {**versions(), "options of ComfyUI": "fp16_unet=True"}},
            "has other options of ComfyUI: fp16_unet=True",
        ),
        ({"lacking": ["SomeNode"]}, "worker 1 on there has no node SomeNode. Install its pack there."),
        ({"files": {"embeddings/a.pt": "0"}}, "embeddings/a.pt has other contents at worker 1 on there"),
        ({}, "worker 1 on there has no embeddings/a.pt. Copy it there."),
    ],
)
def test_what_differs_is_told_by_name(embeddings: Path, about: dict[str, Any], words: str) -> None:
    (embeddings / "a.pt").write_bytes(b"weights")
    worker = Answering(**about)
    with pytest.raises(WorkersError, match=words.replace(".", r"\.")):
        check_all([worker], Check(prompt(text="embedding:a")))  # type: ignore[list-item]


def test_a_worker_that_starts_anew_is_asked_again() -> None:
    worker = Answering()
    worker.lost = 1
    check_all([worker], Check(prompt(text="nothing")))  # type: ignore[list-item]
    assert worker.lost == 0
