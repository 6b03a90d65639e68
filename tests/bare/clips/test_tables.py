"""Tables of clips, as WebVid and strangers have them."""

import random
import time
from pathlib import Path

import pytest
from kinema.motion.clips import EMPTY, FROM_NAME, REFUSE, ClipsError, clips_of_table
from kinema.motion.tables import LOOKED_AT

from .test_folders import listed, put

HEAD = "videoid,contentUrl,duration,page_dir,name"
WEBVID = f"""{HEAD}
21179416,https://x/a.mp4,PT00H00M11S,006001_006050,"Aerial shot, ""winter"" forest"
5629184,https://x/b.mp4,PT00H00M29S,071501_071550,Senior couple looking through binoculars
1063125190,https://x/c.mp4,PT00H00M15S,086001_086050,A beautiful cookie
7,,,,
,,,,no id
21179416,,,006001_006050,the same once more
"""


def write(root: Path, text: str | bytes, name: str = "table.csv") -> str:
    path = root / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def captions(root: Path, text: str | bytes, missing: str = EMPTY) -> dict[str, str]:
    found = clips_of_table(write(root, text), str(root), missing)
    return {name: clip.caption for name, clip in listed(found).items()}


def test_webvid(tmp_path: Path) -> None:
    put(tmp_path, "videos/006001_006050/21179416.mp4", "5629184.mp4", "other/21179416.mp4", "unlisted.mp4")
    found = clips_of_table(write(tmp_path, WEBVID), str(tmp_path))
    assert {name: clip.caption for name, clip in listed(found).items()} == {
        "videos/006001_006050/21179416.mp4": 'Aerial shot, "winter" forest',
        "5629184.mp4": "Senior couple looking through binoculars",
    }
    assert [(skipped.source, skipped.reason) for skipped in found.skipped] == [
        ("line 4, 1063125190", "no file of that name is there"),
        ("line 5, 7", "no file of that name is there"),
        ("line 6", "it has no id"),
        ("line 7, 21179416", "an earlier line has the same file"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "videoid,name\na,one\nb,two",
        "\n\n VideoID , NAME \n\na,one\n\nb,two\n\n",
        "name;videoid\none;a\ntwo;b\n",
        "name\tvideoid\r\none\ta\r\ntwo\tb\r\n",
        "videoid,name\ra,one\rb,two\r",
        "file_name,text\na.mp4,one\nin/b.MP4,two",
        "path,caption\nC:\\clips\\a.mp4,one\n/mnt/in/b.MP4,two",
        '"videoid","name"\n"a","one"\n"b","two"',
        "\ufeffvideoid,name\na,one\nb,two",
        "videoid,name\na,one\0\nb,two",
        "videoid,name,more\na,one\nb,two,,,,",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tables_of_all_kinds(tmp_path: Path, text: str, encoding: str) -> None:
    put(tmp_path, "a.mp4", "in/b.MP4", "z/a.mp4")
    data = text.removeprefix("\ufeff").encode(encoding) if encoding == "utf-16" else text.encode()
    assert captions(tmp_path, data) == {"a.mp4": "one", "in/b.MP4": "two"}


def test_western_windows(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    assert captions(tmp_path, "videoid,name\na,café".encode("cp1252")) == {"a.mp4": "café"}


@pytest.mark.parametrize("shift", range(5))
def test_a_letter_may_lie_across_what_is_looked_at(tmp_path: Path, shift: int) -> None:
    put(tmp_path, "a.mp4")
    table = f"videoid,name\na,é\n{'x' * shift}" + "é,y\n" * 220_000
    assert captions(tmp_path, table) == {"a.mp4": "é"}
    assert len(table.encode()) > LOOKED_AT


def test_a_quotation_mark_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    put(tmp_path, *(f"{number}.mp4" for number in range(200)))
    rows = [f"{number},caption {number}" for number in range(200)]
    rows[5] = '5,"never closed'
    rows[9] = '9,a 12" record'
    rows[20] = '20,"over\ntwo lines"'
    found = captions(tmp_path, "videoid,name\n" + "\n".join(rows))
    assert len(found) == 200
    assert found["5.mp4"] == '"never closed'
    assert found["9.mp4"] == 'a 12" record'
    assert found["20.mp4"] == "over two lines"
    assert all(found[f"{number}.mp4"] == f"caption {number}" for number in range(200) if number not in (5, 9, 20))


def test_commas_of_a_caption_without_quotation_marks_are_kept(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "b.mp4", "c.mp4")
    table = "videoid,name,page_dir\na,a cat, a hat,\nb,a dog, running, in the rain,.\nc,plain,,,,\n"
    assert captions(tmp_path, table) == {
        "a.mp4": "a cat, a hat",
        "b.mp4": "a dog, running, in the rain",
        "c.mp4": "plain",
    }
    assert captions(tmp_path, "file;text\nc;one;two;;\n") == {"c.mp4": "one, two"}


def test_excel_tells_the_separator_first(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    for first in ("sep=;", '"sep=;"', "SEP=;"):
        assert captions(tmp_path, f"{first}\r\nvideoid;name\r\na;one, two\r\n") == {"a.mp4": "one, two"}


def test_lines_of_json(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "in/b.mp4", "c.mp4")
    rows = [
        '{"file_name": "a.mp4", "text": "a, \\"quoted\\" cat", "fps": 8}',
        "",
        '{"text": "a\\ndog", "file_name": "in/b.mp4"}',
        "[1]",
        "{",
        '{"file_name": null}',
        "[" * 60_000,
        '{"file_name": "c", "text": ""}',
    ]
    assert captions(tmp_path, "\n".join(rows)) == {"a.mp4": 'a, "quoted" cat', "in/b.mp4": "a dog", "c.mp4": ""}
    with pytest.raises(ClipsError, match="no column videoid"):
        captions(tmp_path, '{"a": 1}\n')


def test_single_pictures_may_be_listed(tmp_path: Path) -> None:
    put(tmp_path, "photos/1.png", "photos/2.png", "photos/3.png")
    assert captions(tmp_path, "file_name,text\n1.png,one\nphotos/3.png,three") == {
        "photos/1.png": "one",
        "photos/3.png": "three",
    }


def test_folders_of_frames_may_be_listed(tmp_path: Path) -> None:
    put(tmp_path, "shots/walk/1.png", "shots/walk/2.png")
    assert captions(tmp_path, "videoid,name\nwalk,a man") == {"shots/walk": "a man"}


def test_captions_that_are_missing(tmp_path: Path) -> None:
    put(tmp_path, "red_boat.mp4", "b.mp4")
    table = "videoid,name\nred_boat,\nb,two\n"
    assert captions(tmp_path, table) == {"red_boat.mp4": "", "b.mp4": "two"}
    assert captions(tmp_path, table, FROM_NAME)["red_boat.mp4"] == "red boat"
    with pytest.raises(ClipsError, match="no caption for red_boat.mp4"):
        captions(tmp_path, table, REFUSE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "table.csv cannot be used: it is empty"),
        ("\n \n", "it is empty"),
        ("a,b\n1,2\n", "no column videoid and no column name. Its first line has a, b"),
        ("videoid,url\na,b\n", "no column name"),
        ("caption\nb\n", "no column videoid"),
        (bytes(range(256)) * 40, "it is no text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(200)), "it is no text"),
        ("videoid,name\n", "lists no clip that is in"),
        ("videoid,name\n../../etc/passwd,x\n", "lists no clip.*passwd"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, text: str | bytes, words: str) -> None:
    put(tmp_path, "a.mp4")
    with pytest.raises(ClipsError, match=words):
        captions(tmp_path, text)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ClipsError, match="gone.csv cannot be read"):
        clips_of_table(str(tmp_path / "gone.csv"), str(tmp_path))
    with pytest.raises(ClipsError, match="cannot be read"):
        clips_of_table(str(tmp_path), str(tmp_path))


MUTATIONS = ('"', ",", "\n", "\r", "\0", ";", "\\", "é", "\ufeff", '""', "\t", "'", "\u2028", "", ",,,,", '"\n"')


@pytest.mark.parametrize("seed", range(300))
def test_whatever_a_table_has_become_it_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    put(tmp_path, *(f"{number}.mp4" for number in range(30)))
    draw = random.Random(seed)
    rows = [f'{number},https://x,PT1S,0_1,"caption, {number}"' for number in range(30)]
    data = bytearray("\n".join([HEAD, *rows]).encode())
    for _ in range(draw.randint(1, 12)):
        place = draw.randrange(len(data))
        length = draw.choice((0, 0, 1, 1, 3, 40))
        new = bytes([draw.randrange(256)]) if draw.random() < 0.3 else draw.choice(MUTATIONS).encode()
        data[place : place + length] = new
    try:
        found = clips_of_table(write(tmp_path, bytes(data)), str(tmp_path))
    except ClipsError:
        return
    assert len({clip.source for clip in found.clips}) == len(found.clips)
    assert all(clip.caption.isprintable() for clip in found.clips)
    assert len(found.clips) >= 30 - 12 * 3, "a mistake costs the rows that it is in"


def test_time_grows_with_the_number_of_rows(tmp_path: Path) -> None:
    """Also where every line opens a quotation that none closes, and memory does not grow with rows without a file."""
    put(tmp_path, "a.mp4")
    for row in ("{},x,y,z,caption", '"{},"x"y,"', '{},"' + "x" * 100):
        seconds = []
        for count in (3000, 12000):
            table = write(tmp_path, "\n".join([HEAD, *(row.format(number) for number in range(count)), "a,,,,b"]))
            start = time.process_time()
            found = clips_of_table(table, str(tmp_path))
            seconds.append(time.process_time() - start)
            assert listed(found)["a.mp4"].caption == "b"
            assert len(found.skipped) <= 1003
        assert seconds[1] < 12 * seconds[0] + 0.5
