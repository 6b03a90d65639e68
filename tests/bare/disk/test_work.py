"""Work folders of processes that ended at a bad moment."""

from pathlib import Path

from kinema.motion.disk import WORK_PREFIX, sweep, work_folder
from kinema.motion.disk.work import LOCK


def test_a_process_that_ended_before_it_had_its_lock_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / f"{WORK_PREFIX}early").mkdir()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_lock_that_holds_something_is_not_a_work_folder(tmp_path: Path) -> None:
    kept = tmp_path / f"{WORK_PREFIX}notes" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    sweep(tmp_path)
    assert kept.read_text() == "mine"


def test_the_lock_goes_last(tmp_path: Path) -> None:
    with work_folder(tmp_path) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "a").write_text("a")
        (folder / "b").write_text("b")
        (tmp_path / "outside").mkdir()
        (folder / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
        sweep(tmp_path)
        assert {path.name for path in folder.iterdir()} == {LOCK, "deep", "b", "link"}
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
