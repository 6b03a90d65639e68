"""Ten thousand names, prefixes and tags as nobody would type them: none leads out of its folder or is an option."""

import random
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

import pytest
from kinema.motion.video import (
    CODECS,
    Clip,
    Job,
    PrefixError,
    clean_prefix,
    expand_prefix,
    process,
    settled,
    write_video,
    writing,
)
from kinema.motion.video.tags import writable

from .test_writing import frames

MANY, REAL = 10_000, 60
PIECES = [
    *(
        "..",
        ".",
        "/",
        "\\",
        "-y",
        "-i",
        "file:",
        "pipe:0",
        "concat:a|b",
        "http://x",
        "C:",
        "//host/x",
        "~",
        "%d",
        "%05d",
    ),
    *(
        "%date:yyyy%",
        "%a.b%",
        "%%",
        "\0",
        "\n",
        "\r",
        "\t",
        "\x7f",
        "\ud800",
        "\u202e",
        "日",
        "é",
        "🎬",
        " ",
        "'",
        '"',
        ";",
    ),
    *(
        "$(id)",
        "`id`",
        "&",
        "|",
        "*",
        "?",
        "[STREAM]",
        "=",
        "#",
        "nul",
        "con.txt",
        ".kinema-x",
        "x" * 300,
        "a",
        "b.mp4",
    ),
]
NOW = datetime(2026, 1, 2, 3, 4, 5)


def texts(seed: int, count: int) -> Iterator[str]:
    draw = random.Random(seed)
    return ("".join(draw.choices(PIECES, k=draw.randint(0, 6))) for _ in range(count))


def test_prefixes_stay_below_their_folder() -> None:
    used = 0
    for prefix, inner in zip(texts(1, MANY), texts(2, MANY), strict=True):
        prompt = {"1": {"class_type": "a", "inputs": {"b": inner}}}
        expanded = expand_prefix(prefix, prompt, {"nodes": [{"id": 1, "properties": inner}]}, NOW)
        for windows in (False, True):
            try:
                path = clean_prefix(expanded, windows, cut=True)
            except PrefixError:
                continue
            used += 1
            assert isinstance(path, PurePosixPath)
            assert not path.is_absolute()
            assert not {"..", ".", ""}.intersection(path.parts)
            assert max(len(part.encode()) for part in path.parts) <= 201, "one more where Windows needs another name"
            assert not any(part.lower().startswith(".kinema-") for part in path.parts)
    assert used > MANY / 10


def read_tags(text: str) -> dict[str, str]:
    """What ffmpeg understands of a file of tags: a backslash takes the next letter as it is."""
    found, key, part, escaped = {}, None, "", False
    for letter in text.partition("\n")[2]:
        if escaped:
            part, escaped = part + letter, False
        elif letter == "\\":
            escaped = True
        elif letter == "=" and key is None:
            key, part = part, ""
        elif letter == "\n":
            assert key is not None
            found[key], key, part = part, None, ""
        else:
            assert letter not in ";#" or key is not None
            part += letter
    return found


def test_tags_are_texts_and_nothing_else(tmp_path: Path) -> None:
    kept = 0
    keys, values = [*texts(3, MANY)], [*texts(4, MANY)]
    for start in range(0, MANY, 20):
        tags, _ = writable(dict(zip(keys[start : start + 20], values[start : start + 20], strict=True)), "container")
        path = writing._write_tags(tags, tmp_path / "tags.txt")
        wanted = {key: text.encode(errors="replace").decode() for key, text in tags.items()}
        assert read_tags(path.read_bytes().decode()) == wanted
        kept += len(tags)
    assert kept > MANY / 10


def test_real_files_with_such_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing appears but the file, and every process is ffmpeg with words of ours."""
    started: list[list[str]] = []
    popen = subprocess.Popen

    def watched(command: list[str], **options) -> subprocess.Popen:
        started.append(command)
        return popen(command, **options)

    monkeypatch.setattr(process.subprocess, "Popen", watched)
    draw = random.Random(7)
    names = [name for text in texts(5, 2000) if (name := cleaned(text))]
    written = 0
    for turn in range(REAL):
        codec = draw.choice([CODECS[name] for name in ("h264-mp4", "gif", "webp", "apng", "png-sequence", "ffv1-mov")])
        folder = tmp_path / str(turn)
        folder.mkdir()
        given = {setting.name: draw.choice(setting.choices) for setting in codec.settings if setting.name != "encoder"}
        tags = dict(zip(texts(turn, 4), texts(turn + 100, 4), strict=True))
        name = f"{draw.choice(names)}_{turn}.{codec.extension}"
        images = frames(2, 16, 16, draw.choice((3, 4)))
        job = Job(Clip(images, 8.0), codec, folder / name, 50, 0, tags, settings=settled(codec.settings, given, "x"))
        saved = write_video(job)
        assert [entry.name for entry in folder.iterdir()] == [saved.path.name] == [name]
        written += 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(map(str, range(REAL)))
    assert written == REAL
    words = {word for command in started for word in command[1:]}
    assert not [word for word in words if any(odd in word for odd in ("file:", "http", "concat", "$(", "STREAM", "日"))]


def cleaned(text: str) -> str | None:
    """A text as the last part of a path, None if it cannot be one."""
    try:
        return clean_prefix(text, cut=True).name[:60]
    except PrefixError:
        return None
