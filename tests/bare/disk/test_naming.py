"""A name is taken or not, and nothing that exists is replaced."""

import errno
import itertools
import os
import threading
from pathlib import Path

import pytest
from kinema.motion.disk import numbered, publish


def made(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_first_free_number(tmp_path: Path) -> None:
    made(tmp_path, "x_00001_.mp4", "first")
    (tmp_path / "x_00002_.mp4").mkdir()
    found = publish(made(tmp_path, "new", "new"), numbered(tmp_path, "x", ".mp4"))
    assert found.name == "x_00003_.mp4"
    assert found.read_text() == "new"
    assert (tmp_path / "x_00001_.mp4").read_text() == "first"
    assert "new" not in names(tmp_path)


def test_folders(tmp_path: Path) -> None:
    for other in ("x_00001_", "x_00002_"):
        (tmp_path / other).mkdir()
    made(tmp_path / "x_00001_", "00001.png", "first")
    made(tmp_path, "x_00003_", "a file")
    finished = tmp_path / "frames"
    finished.mkdir()
    made(finished, "00001.png", "new")
    found = publish(finished, numbered(tmp_path, "x", ""))
    assert found.name == "x_00004_", "not even an empty folder, which another server may have taken"
    assert (found / "00001.png").read_text() == "new"
    assert (tmp_path / "x_00001_" / "00001.png").read_text() == "first"


def test_links_to_nothing_stay(tmp_path: Path) -> None:
    (tmp_path / "x_00001_").symlink_to(tmp_path / "gone")
    assert publish(made(tmp_path, "new", "new"), numbered(tmp_path, "x", "")).name == "x_00002_"
    assert (tmp_path / "x_00001_").is_symlink()


def test_all_names_taken(tmp_path: Path) -> None:
    taken, new = made(tmp_path, "taken", "first"), made(tmp_path, "new", "new")
    with pytest.raises(FileExistsError):
        publish(new, [taken])
    assert taken.read_text() == "first"


def test_file_systems_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    made(tmp_path, "x_00001_", "first")
    assert publish(made(tmp_path, "new", "new"), numbered(tmp_path, "x", "")).name == "x_00002_"
    assert names(tmp_path) == ["x_00001_", "x_00002_"]
    assert (tmp_path / "x_00001_").read_text() == "first"


@pytest.mark.parametrize("folders", [False, True])
def test_many_at_once(tmp_path: Path, folders: bool) -> None:
    def save(number: int) -> None:
        for turn in range(10):
            finished = tmp_path / f".{number}-{turn}"
            if folders:
                finished.mkdir()
                made(finished, "text", f"{number}-{turn}")
            else:
                finished.write_text(f"{number}-{turn}")
            publish(finished, numbered(tmp_path, "x", ""))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {(path / "text" if folders else path).read_text() for path in tmp_path.iterdir()}
    assert found == {f"{number}-{turn}" for number, turn in itertools.product(range(8), range(10))}
