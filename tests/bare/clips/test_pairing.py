"""Clips and the clips that belong to them."""

import pytest
from kinema.motion.clips import Clip, ClipsError, paired


def some(*names: str) -> list[Clip]:
    return [Clip(f"/poses/{name}", "", name=name) for name in names]


def test_endings_do_not_count_and_the_same_folders_come_first() -> None:
    others = some("a/walk.mp4", "b/walk.avi", "run")
    found = paired(["a/walk.mkv", "b/walk.mp4", "run.mp4"], others, "pose clip")
    assert {name: clip.name for name, clip in found.items()} == {
        "a/walk.mkv": "a/walk.mp4",
        "b/walk.mp4": "b/walk.avi",
        "run.mp4": "run",
    }


def test_in_other_folders_the_last_part_decides() -> None:
    (found,) = paired(["10_dance/walk.mp4"], some("walk.mp4", "run.mp4"), "pose clip").values()
    assert found.name == "walk.mp4"


def test_names_with_dots_and_what_is_not_text() -> None:
    names = ["take.1.mp4", "take.2.mp4", "été \udcff.mp4"]
    found = paired(names, some("take.1.webm", "take.2.webm", "été \udcff.webm"), "pose clip")
    assert [found[name].name for name in names] == ["take.1.webm", "take.2.webm", "été \udcff.webm"]


def test_what_is_missing_is_named() -> None:
    names = [f"{number}.mp4" for number in range(8)]
    with pytest.raises(ClipsError, match=r"7 of 8 clips have no pose clip: 1.mp4, 2.mp4, .* and others\. Give each"):
        paired(names, some("0.mp4"), "pose clip")


def test_two_that_fit_are_refused() -> None:
    with pytest.raises(ClipsError, match="More than one of the pose clips are called like c/walk.mp4"):
        paired(["c/walk.mp4"], some("a/walk.mp4", "b/walk.mp4"), "pose clip")
