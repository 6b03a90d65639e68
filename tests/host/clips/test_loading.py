"""Folders and tables become clips, or a sentence says why not."""

import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from kinema.motion.clips import ClipsError
from kinema.nodes.clips import LoadClips
from kinema.nodes.inputs import settle
from PIL import Image

from .conftest import BY_ID, STEP, draw, film, loaded, run


def problem(**given: Any) -> str:
    """What is said before a run; nothing if it may begin."""
    fault = settle(LoadClips, given)
    return "" if fault is None else f"{fault.input}: {fault.sentence}"


@pytest.fixture
def own(root: Path) -> Path:
    """A folder whose name is not plain."""
    folder = root / "my clips, \u00e9t\u00e9"
    film(folder / "walk.mp4", caption="somebody walks")
    film(folder / "3_boats" / "boat 1.mp4")
    draw(folder / "frames", 5)
    return folder


@pytest.mark.parametrize(
    "written",
    [
        "{name}",
        "{name}/",
        "  {path}\n",
        '"{path}"',
        "'{path}/'",
        "\u201c{path}\u201d",
        "file://{path}",
        "{name}/../{name}",
        "{apart}",
        "$CLIPS/{name}",
        "${{CLIPS}}/{name}",
    ],
)
def test_however_a_path_is_pasted(own: Path, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPS", str(own.parent))
    folder = written.format(name=own.name, path=own, apart=unicodedata.normalize("NFD", own.name))
    assert problem(folder=folder) == ""
    found = {clip.name: (clip.caption, clip.repeats) for clip in loaded(folder).catalogue.clips}
    assert found == {
        "walk.mp4": ("somebody walks", 1),
        "3_boats/boat 1.mp4": ("boats", 3),
        "frames": ("", 1),
    }


def test_a_path_with_percents_and_marks(root: Path) -> None:
    folder = root / "100% #1 what?"
    film(folder / "a.mp4")
    for written in (str(folder), folder.as_uri()):
        assert problem(folder=written) == ""
        assert len(loaded(written).catalogue.clips) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"folder": ""}, "folder: Load Clips: folder is empty. Write where the clips are"),
        ({"folder": '""'}, "folder is empty"),
        ({"folder": "nowhere"}, "nowhere is not there. Write the path of a folder on the computer that runs ComfyUI"),
        ({"folder": "a\0b"}, "is not there"),
        ({"folder": "x" * 5000}, "is not there"),
        ({"folder": "bare"}, "bare has no clips: it is empty. Put videos or pictures there"),
        ({"folder": "texts"}, "texts has no clips: none of its files is a video or a picture"),
        ({"folder": "texts/a.txt"}, "a.txt is a file. Write the folder it is in"),
        ({"folder": "own", "table": "no.csv"}, "table: Load Clips: table no.csv is no file"),
        ({"folder": "C:\\Users\\me\\clips"}, "me\\clips is a path of Windows, and ComfyUI runs on a computer with"),
        ({"folder": '"D:/clips"'}, "D:/clips is a path of Windows"),
        ({"folder": "\\\\nas\\clips"}, "clips is a path of Windows"),
        ({"folder": "https://example.org/clips"}, "is an address. Download what is there"),
        ({"folder": "own", "pictures": "each"}, "Choose one of: auto, frames of one clip, one clip each"),
        ({"folder": "own", "frames": 0}, "frames takes a whole number from 1"),
        ({"folder": "own", "short_clips": "loop"}, "Choose one of: slower, skip"),
    ],
)
def test_what_is_said_before_the_run(root: Path, given: dict[str, Any], says: str) -> None:
    (root / "bare").mkdir()
    film(root / "own" / "a.mp4")
    (root / "texts").mkdir()
    (root / "texts" / "a.txt").write_text("a")
    assert says in problem(**given)
    assert len(problem(**given)) < 500


def test_connected_paths_are_looked_at_in_the_run(root: Path) -> None:
    assert problem(folder=["1", 0], table=["2", 0]) == ""
    with pytest.raises(ClipsError, match="nowhere is not there"):
        loaded("nowhere")


def test_tables(root: Path) -> None:
    film(root / "own" / "00001" / "17.mp4")
    film(root / "own" / "18.mp4")
    table = root / "own" / "list.csv"
    table.write_text("videoid,page_dir,name\n17,00001,a boat\n18,,\n99,,gone\n")
    for given in (
        {"folder": "own/list.csv"},
        {"folder": "own", "table": "list.csv"},
        {"folder": "own", "table": table},
    ):
        written = {name: str(value) for name, value in given.items()}
        assert problem(**written) == ""
        clips, report = run("LoadClips", **written)
        assert [clip.caption for clip in clips.catalogue.clips] == ["a boat", ""]
        assert "1 of them without a caption" in report
        assert "left out: line 4, 99: no file of that name is there." in report
    with pytest.raises(ClipsError, match="There is no caption for"):
        loaded("own/list.csv", missing_captions="refuse")


def test_pictures_in_place_of_clips(root: Path) -> None:
    for name in ("a", "b"):
        (root / "own").mkdir(exist_ok=True)
        Image.new("RGB", (80, 64)).save(root / "own" / f"{name}.png")
    together = loaded("own", pictures="frames of one clip")
    assert [clip.kind for clip in together.catalogue.clips] == ["folder of frames"]
    assert [clip.kind for clip in loaded("own").catalogue.clips] == ["picture", "picture"]


def test_frames_are_those_of_the_numbers(own: Path) -> None:
    clips = loaded(own)
    for clip in clips.catalogue.clips:
        with clips.open(clip) as footage:
            assert footage.length == (5 if clip.name == "frames" else 20)
            frames = footage.frames([0, 2, 2, 4])
        assert frames.shape == (4, 64, 64, 3)
        brighter = (frames.mean((1, 2, 3)) * 255).diff()
        assert (brighter - brighter.new_tensor([2 * STEP, 0, 2 * STEP])).abs().max() < 1.5


def test_sides_that_are_no_places_of_a_latent(own: Path) -> None:
    with pytest.raises(ClipsError, match="width is 100; it must be a multiple of 8"):
        loaded(own, width=100)


def test_the_report_says_what_will_be_taken(own: Path) -> None:
    _, report = run("LoadClips", folder=str(own), views=2, width=128)
    assert "3 clips (2 videos, 1 folder of frames), 5 with repeats" in report
    assert report.endswith("2 parts of each clip, each with 16 frames, 4 apart, 128x256 pixels, also mirrored")


def test_the_fingerprint_follows_the_folder(own: Path, root: Path) -> None:
    node = BY_ID["KinemaLoadClips"]
    seen = [node.fingerprint_inputs(folder=str(own))]
    (own / "walk.txt").write_text("nobody walks")
    seen.append(node.fingerprint_inputs(folder=str(own)))
    film(own / "new.mp4")
    seen.append(node.fingerprint_inputs(folder=str(own)))
    (own / "new.mp4").unlink()
    (root / "list.csv").write_text("videoid,name\nwalk,a\n")
    seen.append(node.fingerprint_inputs(folder=str(own), table="list.csv"))
    (root / "list.csv").write_text("videoid,name\nwalk,ab\n")
    seen.append(node.fingerprint_inputs(folder=str(own), table="list.csv"))
    assert len(set(seen)) == 5
    assert node.fingerprint_inputs(folder=str(own)) == seen[1]
    assert node.fingerprint_inputs(folder="nowhere") is None


def test_links_that_go_round_end(own: Path) -> None:
    os.symlink(own, own / "again")
    assert problem(folder=str(own)) == ""
    assert len(loaded(own).catalogue.clips) == 3
    assert BY_ID["KinemaLoadClips"].fingerprint_inputs(folder=str(own)) is not None
