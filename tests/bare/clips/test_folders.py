"""Folders of clips, as strangers have them."""

import contextlib
import errno
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from kinema.motion.clips import (
    EMPTY,
    FRAMES,
    FROM_NAME,
    MISSING,
    PICTURE,
    REFUSE,
    VIDEO,
    Catalogue,
    Clip,
    ClipsError,
    Looking,
    clips_of_folder,
    clips_of_list,
    frames_of,
)
from kinema.motion.clips.sources import EACH, TOGETHER


def put(root: Path, *names: str, data: bytes = b"x") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def say(root: Path, name: str, text: str | bytes) -> None:
    put(root, name, data=text.encode() if isinstance(text, str) else text)


def listed(found: Catalogue) -> dict[str, Clip]:
    return {clip.name: clip for clip in found.clips}


def reasons(found: Catalogue) -> dict[str, str]:
    return {os.path.basename(skipped.source): skipped.reason for skipped in found.skipped}


def test_videos_with_captions_beside_them(tmp_path: Path) -> None:
    put(tmp_path, "walk.mp4", "Run.MOV", "deep/down/swim.webm", "clip10.mp4", "clip9.mp4", "notes.md", "walk.wav")
    say(tmp_path, "walk.txt", "  a man\n walks ")
    say(tmp_path, "run.TXT", "a dog runs")
    say(tmp_path, "deep/down/swim.webm.txt", "a fish")
    found = clips_of_folder(str(tmp_path), EMPTY)
    assert {name: clip.caption for name, clip in listed(found).items()} == {
        "clip9.mp4": "",
        "clip10.mp4": "",
        "deep/down/swim.webm": "a fish",
        "Run.MOV": "a dog runs",
        "walk.mp4": "a man walks",
    }
    assert list(listed(found)) == ["clip9.mp4", "clip10.mp4", "deep/down/swim.webm", "Run.MOV", "walk.mp4"]
    assert {clip.kind for clip in found.clips} == {VIDEO}
    assert found.skipped == ()
    assert "5 clips" in found.told()
    assert "2 of them without a caption" in found.told()


def test_folders_with_repeats(tmp_path: Path) -> None:
    names = "10_a red boat/a.mp4", "10_a red boat/b.mp4", "0_off/c.mp4", "007_x/d.mp4", "3_deep/in/e.mp4", "9_/f.mp4"
    put(tmp_path, *names)
    say(tmp_path, "10_a red boat/b.txt", "another")
    found = clips_of_folder(str(tmp_path), EMPTY)
    assert {os.path.basename(clip.source): (clip.repeats, clip.caption) for clip in found.clips} == {
        "a.mp4": (10, "a red boat"),
        "b.mp4": (10, "another"),
        "d.mp4": (1, ""),
        "e.mp4": (3, "deep"),
        "f.mp4": (9, ""),
    }
    assert reasons(found) == {"0_off": "its name begins with 0_, for no repeats"}
    assert "33 with repeats" in found.told()


def test_folders_of_frames(tmp_path: Path) -> None:
    put(tmp_path, *(f"walk/frame{number}.png" for number in (10, 9, 1)), "run/1.jpg", "swim/0.webp", "swim/0.json")
    say(tmp_path, "walk.txt", "a man walks")
    say(tmp_path, "run/caption.txt", "a dog runs")
    say(tmp_path, "swim/swim.txt", "a fish swims")
    found = listed(clips_of_folder(str(tmp_path), REFUSE))
    assert {name: (clip.kind, clip.caption) for name, clip in found.items()} == {
        "run": (FRAMES, "a dog runs"),
        "swim": (FRAMES, "a fish swims"),
        "walk": (FRAMES, "a man walks"),
    }
    assert [os.path.basename(path) for path in frames_of(found["walk"].source)] == [
        "frame1.png",
        "frame9.png",
        "frame10.png",
    ]


def test_the_folder_itself_may_be_the_clip(tmp_path: Path) -> None:
    put(tmp_path, "5_a lake/1.png", "5_a lake/2.png")
    say(tmp_path, "5_a lake.txt", "outside of what was chosen")
    (clip,) = clips_of_folder(str(tmp_path / "5_a lake"), EMPTY).clips
    assert (clip.kind, clip.caption, clip.repeats, clip.name) == (FRAMES, "a lake", 5, "5_a lake")
    assert clips_of_folder(f"{tmp_path}/5_a lake/", EMPTY).clips == (clip,)


def test_pictures_with_captions_are_one_clip_each(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    say(tmp_path, "a.txt", "a cat")
    found = clips_of_folder(str(tmp_path), FROM_NAME)
    assert [(clip.kind, clip.caption) for clip in found.clips] == [(PICTURE, "a cat"), (PICTURE, "b")]


@pytest.mark.parametrize(
    ("names", "looking", "kinds"),
    [
        (["IMG_1.jpg", "IMG_2.jpg"], Looking(), [FRAMES]),
        (["IMG_1.jpg", "IMG_2.jpg"], Looking(single=True), [PICTURE, PICTURE]),
        (["in/IMG_1.jpg", "in/IMG_2.jpg"], Looking(single=True), [FRAMES]),
        (["4_x/IMG_1.jpg", "4_x/IMG_2.jpg"], Looking(single=True), [PICTURE, PICTURE]),
        (["4_x/y/IMG_1.jpg", "4_x/y/IMG_2.jpg"], Looking(single=True), [FRAMES]),
        (["cat.jpg", "dog.jpg"], Looking(), [PICTURE, PICTURE]),
        (["cat.jpg", "dog.jpg"], Looking(TOGETHER), [FRAMES]),
        (["in/1.jpg", "in/2.jpg"], Looking(EACH), [PICTURE, PICTURE]),
        (["1.jpg", "1.mp4"], Looking(EACH), [PICTURE, VIDEO]),
        (["1.jpg"], Looking(), [FRAMES]),
        ([f"{number:04}.png" for number in range(30)] + ["cover.png"], Looking(), [FRAMES]),
    ],
)
def test_what_pictures_are(tmp_path: Path, names: list[str], looking: Looking, kinds: list[str]) -> None:
    put(tmp_path, *names)
    found = clips_of_folder(str(tmp_path), EMPTY, looking)
    assert [clip.kind for clip in found.clips] == kinds
    assert not found.skipped


def test_how_pictures_were_understood_is_told(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", "2.jpg")
    told = clips_of_folder(str(tmp_path), EMPTY).told()
    assert told.startswith("1 clip (1 folder of frames)\n")
    assert "if each is one of its own, set pictures to 'one clip each'" in told
    told = clips_of_folder(str(tmp_path), EMPTY, Looking(EACH)).told()
    assert told == "2 clips (2 pictures)\n2 of them without a caption"


def test_what_lies_there_and_is_not_read_is_told(tmp_path: Path) -> None:
    put(tmp_path, "walk.mp4", "run/1.png", "metadata.jsonl", ".hidden.csv")
    for name in ("walk.txt", "run.txt", "captions/walk.txt", "readme.txt"):
        say(tmp_path, name, "words")
    notes = clips_of_folder(str(tmp_path), EMPTY).notes
    assert len(notes) == 2
    assert notes[0].startswith("2 texts are no clip's caption, such as ")
    assert "write metadata.jsonl in table" in notes[1]


@pytest.mark.parametrize("text", ["", " \n", "\ufeff"])
def test_a_text_with_nothing_in_it_is_no_caption(tmp_path: Path, text: str) -> None:
    put(tmp_path, "red_boat.mp4")
    say(tmp_path, "red_boat.txt", text)
    assert clips_of_folder(str(tmp_path), EMPTY).clips[0].caption == ""
    assert clips_of_folder(str(tmp_path), FROM_NAME).clips[0].caption == "red boat"
    with pytest.raises(ClipsError, match="no caption for red_boat.mp4"):
        clips_of_folder(str(tmp_path), REFUSE)


def test_pictures_beside_videos_are_told(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "a.jpg", "b.jpg")
    found = clips_of_folder(str(tmp_path), EMPTY)
    assert list(listed(found)) == ["a.mp4"]
    assert [skipped.source.rpartition(os.sep)[2] for skipped in found.skipped] == ["a.jpg", "1 more"]


def test_the_text_that_looks_most_like_the_name_wins(tmp_path: Path) -> None:
    put(tmp_path, "walk.mp4")
    say(tmp_path, "walk.caption", "second")
    say(tmp_path, "WALK.txt", "third")
    say(tmp_path, "walk.txt", "first")
    assert clips_of_folder(str(tmp_path), EMPTY).clips[0].caption == "first"
    (tmp_path / "walk.txt").unlink()
    assert clips_of_folder(str(tmp_path), EMPTY).clips[0].caption == "second"


@pytest.mark.parametrize(
    ("data", "caption"),
    [
        ("é ☃".encode(), "é ☃"),
        ("é ☃".encode("utf-8-sig"), "é ☃"),
        ("é ☃".encode("utf-16"), "é ☃"),
        ("é".encode("cp1252"), "é"),
        (b"", ""),
        (b"a\r\n\tb\x07c\r\n", "a b c"),
    ],
)
def test_captions_in_any_encoding(tmp_path: Path, data: bytes, caption: str) -> None:
    put(tmp_path, "a.mp4")
    say(tmp_path, "a.txt", data)
    assert clips_of_folder(str(tmp_path), REFUSE if caption else EMPTY).clips[0].caption == caption


@pytest.mark.parametrize(("data", "reason"), [(b"a\0b", "no text"), (b"a" * (1 << 17), "longer than 64 KB")])
def test_texts_that_are_no_captions(tmp_path: Path, data: bytes, reason: str) -> None:
    put(tmp_path, "a.mp4", "b.mp4")
    say(tmp_path, "a.txt", data)
    found = clips_of_folder(str(tmp_path), EMPTY)
    assert list(listed(found)) == ["b.mp4"]
    assert reason in reasons(found)["a.mp4"]


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("a_red-boat_003.mp4", "a red boat"),
        ("1066674784.mp4", "1066674784"),
        ("take2.mp4", "take2"),
        ("a  b.c.mp4", "a b c"),
        ("___.mp4", ""),
    ],
)
def test_captions_from_names(tmp_path: Path, name: str, caption: str) -> None:
    put(tmp_path, name)
    assert clips_of_folder(str(tmp_path), FROM_NAME).clips[0].caption == caption


def test_captions_that_must_not_be_missing(tmp_path: Path) -> None:
    put(tmp_path, *(f"clip{number}.mp4" for number in range(7)))
    say(tmp_path, "clip0.txt", "one")
    with pytest.raises(ClipsError, match="clip1.mp4, clip2.mp4, clip3.mp4 and 3 more.*missing_captions"):
        clips_of_folder(str(tmp_path), REFUSE)


@pytest.mark.parametrize("missing", MISSING)
def test_nothing_to_learn_from(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ClipsError, match="has no clips"):
        clips_of_folder(str(tmp_path), missing)
    put(tmp_path, "a.mp4", data=b"")
    put(tmp_path, ".hidden/b.mp4", ".c.mp4", "__MACOSX/d.mp4")
    with pytest.raises(ClipsError, match=r"has no clips.*a\.mp4: it is empty \(0 bytes\)\."):
        clips_of_folder(str(tmp_path), missing)
    with pytest.raises(ClipsError, match="There is no folder"):
        clips_of_folder(str(tmp_path / "gone"), missing)
    with pytest.raises(ClipsError, match="There is no folder"):
        clips_of_folder(str(tmp_path / "a.mp4"), missing)


@pytest.mark.skipif(sys.platform == "win32", reason="has other links and no pipes")
def test_links_and_things_that_are_no_files(tmp_path: Path) -> None:
    put(tmp_path, "in/a.mp4")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "in" / "self.mp4").symlink_to("self.mp4")
    (tmp_path / "again").symlink_to(tmp_path / "in")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nothing")
    (tmp_path / "linked.mp4").symlink_to(tmp_path / "in" / "a.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    found = clips_of_folder(str(tmp_path), EMPTY)
    assert [name.rpartition("/")[2] for name in listed(found)] == ["a.mp4", "linked.mp4"]
    told = reasons(found)
    assert set(told) == {"self.mp4", "gone.mp4", "pipe.mp4"}
    assert "gone" in told["gone.mp4"]
    assert "no file" in told["pipe.mp4"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9_\xff.mp4"), "wb") as file:
        file.write(b"x")
    put(tmp_path, "a\nb.mp4", "<b>.mp4", "ﾊﾟ.mp4")
    found = clips_of_folder(str(tmp_path), FROM_NAME)
    assert sorted(clip.caption for clip in found.clips) == ["<b>", "a b", "caf", "ﾊﾟ"]
    assert all(os.path.exists(clip.source) for clip in found.clips)


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.mp4", "closed/b.mp4")
    scan = os.scandir

    def guarded(path: str) -> Any:
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)  # the user who runs the tests may be one who may read everything
    found = clips_of_folder(str(tmp_path), EMPTY)
    assert list(listed(found)) == ["a.mp4"]
    assert reasons(found)["closed"] == "it cannot be looked into (Permission denied)"


PARTS = (
    "a",
    "B ",
    "10_x",
    "0_y",
    ".z",
    "é",
    "e\u0301",
    "frame",
    "caption",
    "3_",
    "_",
    "1",
    "01",
    "@eaDir",
    "x.y",
    "-",
    "(1)",
)
FILES = (".mp4", ".MOV", ".gif", ".png", ".JPG", ".txt", ".TXT", ".caption", ".json", "", ".mp4.txt", ".webm.part")


@pytest.mark.parametrize("seed", range(100))
def test_whatever_is_in_a_folder_every_video_is_a_clip_or_told(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(draw.randint(1, 40)):
        folders = [draw.choice(PARTS) for _ in range(draw.randint(0, 3))]
        data = draw.choice((b"", b"x", b"\xff\xfe", b"a\0", b"a caption"))
        with contextlib.suppress(OSError):  # a file where a folder is to be
            put(tmp_path, "/".join([*folders, draw.choice(PARTS) + draw.choice(FILES)]), data=data)
    try:
        found = clips_of_folder(str(tmp_path), draw.choice(MISSING))
    except ClipsError:
        return
    told = [Path(skipped.source) for skipped in found.skipped]
    assert len({clip.source for clip in found.clips}) == len(found.clips)
    for path in tmp_path.rglob("*"):
        names = path.relative_to(tmp_path).parts
        is_hidden = any(name.startswith(".") or name == "@eaDir" for name in names)
        if path.is_file() and path.suffix.lower() in (".mp4", ".mov", ".gif") and not is_hidden:
            is_clip = any(clip.source == str(path) for clip in found.clips)
            assert is_clip or any(each == path or each in path.parents for each in told), path
            assert not (is_clip and path in told), path
    for clip in found.clips:
        assert clip.caption.isprintable()
        assert 1 <= clip.repeats <= 9999
        assert clip.kind != FRAMES or frames_of(clip.source)


def test_time_grows_with_the_number_of_files(tmp_path: Path) -> None:
    seconds = []
    for count in (2000, 8000):
        root = tmp_path / str(count)
        root.mkdir()
        for number in range(count):
            (root / f"clip {number}.mp4").write_bytes(b"x")
        start = time.process_time()
        assert len(clips_of_folder(str(root), FROM_NAME).clips) == count
        seconds.append(time.process_time() - start)
    assert seconds[1] < 12 * seconds[0] + 0.5


def test_clips_that_others_have_found() -> None:
    names = ["red_boat_01", "b", "b"]
    assert [clip.caption for clip in clips_of_list(names, ["x\n", "", "z"], EMPTY).clips] == ["x", "", "z"]
    assert [clip.caption for clip in clips_of_list(names, ["all"], REFUSE).clips] == ["all"] * 3
    assert [clip.caption for clip in clips_of_list(names, [], FROM_NAME).clips] == ["red boat", "b", "b"]
    assert len({clip.source for clip in clips_of_list(names, [], EMPTY).clips}) == 3
    with pytest.raises(ClipsError, match="There are 3 clips and 2 captions"):
        clips_of_list(names, ["a", "b"], EMPTY)
    with pytest.raises(ClipsError, match="no caption for b"):
        clips_of_list(names, ["a", " ", "c"], REFUSE)
    with pytest.raises(ClipsError, match="There are no clips. Connect some"):
        clips_of_list([], ["a"], EMPTY)
