"""What is no clip is answered in one sentence that names the file and says what to do."""

import os
import struct
import sys
import zlib
from pathlib import Path

import pytest
import torch
from comfy_api.latest import InputImpl
from kinema.motion.video import Choice
from kinema.nodes.host.video import count_frames, read_frames
from kinema.nodes.host.video import read as reading
from kinema.nodes.host.video.read import VideoFramesError

from .test_zoo import numbers
from .zoo import COUNT, Specimen, ffmpeg

ENDINGS = (
    *(("h264.mp4", "avi"), ("h264.mp4", "m3u8"), ("plain.gif", "mp4"), ("vp9.webm", "mov"), ("clip.webp", "mp4")),
    *(("clip.apng", "gif"), ("mpeg4.avi", "txt"), ("mjpeg.avi", "png"), ("still.png", "mp4")),
)
"""Clips, and what they are not."""
ADVICE = ("Choose", "convert", "Convert", "download it again", "It may be incomplete", "Set frames")


def complaint(path: Path) -> str:
    """What both ways of reading say of a file."""
    said = []
    for read in (read_frames, count_frames):
        with pytest.raises(VideoFramesError) as caught:
            read(InputImpl.VideoFromFile(str(path)), Choice(count=4), 0, 0)
        said.append(str(caught.value))
    assert said[0] == said[1]
    text = said[0]
    assert path.name in text
    assert any(words in text for words in ADVICE), text
    assert "\n" not in text
    assert len(text) < 300
    return text


def png(width: int, height: int) -> bytes:
    """A picture of a size that has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    ended = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + ended


def test_files_without_a_clip(tmp_path: Path) -> None:
    for name, data in {
        "empty.mp4": b"",
        "words.mp4": b"These are words. " * 100,
        "words.txt": b"These are words. " * 100,
        "page.webm": b"<!DOCTYPE html><html><body>404</body></html>" * 20,
        "graph.json": b'{"nodes": []}' * 20,
        "zeros.mkv": bytes(5000),
        "archive.mov": b"PK\x03\x04" + bytes(range(256)) * 20,
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        complaint(path)


def test_no_file_at_all(tmp_path: Path) -> None:
    assert "No such file" in complaint(tmp_path / "gone.mp4")
    folder = tmp_path / "folder.mp4"
    folder.mkdir()
    assert "folder" in complaint(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither")
def test_what_is_there_but_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    complaint(pipe)
    circle = tmp_path / "circle.mp4"
    circle.symlink_to(circle)
    complaint(circle)


def test_sound_alone(tmp_path: Path, zoo: dict[str, Path]) -> None:
    for name in ("sound.m4a", "sound.mp4", "sound.mkv"):
        ffmpeg("-i", zoo["h264.mp4"], "-vn", "-c", "copy", tmp_path / name)
        assert "no pictures" in complaint(tmp_path / name)
    assert "no pictures" in complaint(zoo["h264.mp4"].with_name("sound.wav"))


def test_sound_with_a_cover(tmp_path: Path, zoo: dict[str, Path]) -> None:
    sources = ("-i", zoo["h264.mp4"], "-i", zoo["h264.mp4"].with_name("cover.png"), "-map", "0:a", "-map", "1")
    for name, codec in (("song.mp3", "libmp3lame"), ("song.m4a", "aac"), ("song.flac", "flac")):
        path = tmp_path / name
        ffmpeg(*sources, "-c:a", codec, "-c:v", "copy", "-disposition:v", "attached_pic", path)
        assert "no pictures" in complaint(path)


def test_the_content_decides_not_the_ending(tmp_path: Path, zoo: dict[str, Path]) -> None:
    for name, ending in ENDINGS:
        path = tmp_path / f"{name}.{ending}"
        path.write_bytes(zoo[name].read_bytes())
        found = read_frames(InputImpl.VideoFromFile(str(path)), Choice(), 0, 0)
        assert numbers(found, Specimen(name, ())) == list(range(1 if "still" in name else COUNT))


@pytest.mark.parametrize(("width", "height"), [(30000, 30000), (100000, 20), (2**31 - 1, 2**31 - 1)])
def test_huge_pictures(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png(width, height))
    complaint(path)


def test_a_huge_size_in_the_header_alone(tmp_path: Path, zoo: dict[str, Path]) -> None:
    """What is coded counts, not what is written around it."""
    data = zoo["silent.mp4"].read_bytes()
    at = data.index(b"avc1", data.index(b"stsd")) + 28
    assert struct.unpack_from(">HH", data, at) == (64, 48)
    path = tmp_path / "huge.mp4"
    path.write_bytes(data[:at] + struct.pack(">HH", 30000, 30000) + data[at + 4 :])
    found = read_frames(InputImpl.VideoFromFile(str(path)), Choice(), 0, 0)
    assert numbers(found, Specimen("", ())) == list(range(COUNT))


def test_damaged_in_the_middle(tmp_path: Path, zoo: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures up to there and the ones that can be had behind it, and words about the rest."""
    said: list[str] = []
    monkeypatch.setattr(reading, "notice", lambda text, *_: said.append(text))
    for name in ("ffv1.mkv", "prores-422.mov", "clip.apng"):
        data = bytearray(zoo[name].read_bytes())
        middle = len(data) // 2
        data[middle : middle + len(data) // 5] = bytes(len(data) // 5)
        path = tmp_path / name
        path.write_bytes(data)
        said.clear()
        found = numbers(read_frames(InputImpl.VideoFromFile(str(path)), Choice(), 0, 0), Specimen(name, ()))
        assert found[:3] == [0, 1, 2], name
        assert said, name


def test_cut_off(tmp_path: Path, zoo: dict[str, Path]) -> None:
    """Its pictures up to there; a file whose index came last has none, and its message says why."""
    for name in ("h264.mp4", "timecode.mov", "prores-422.mov"):
        path = tmp_path / name
        path.write_bytes(zoo[name].read_bytes()[:-2000])
        assert "incomplete" in complaint(path)
    for name in ("b-frames.mkv", "b-frames.ts", "fragments.mp4", "mjpeg.avi", "plain.gif", "clip.flv", "vp9.webm"):
        path = tmp_path / name
        data = zoo[name].read_bytes()
        path.write_bytes(data[: len(data) * 6 // 10])
        found = numbers(read_frames(InputImpl.VideoFromFile(str(path)), Choice(), 0, 0), Specimen(name, ()))
        assert found, name
        right = list(range(len(found)))
        # of the last one the half may be missing
        assert found[:-1] == right[:-1], (name, found)


def test_a_codec_nobody_has(tmp_path: Path, zoo: dict[str, Path]) -> None:
    path = tmp_path / "odd.mp4"
    data = zoo["silent.mp4"].read_bytes()
    assert data.count(b"avc1") >= 1
    path.write_bytes(data.replace(b"avc1", b"zzzz"))
    assert "coded in a way" in complaint(path)


def test_more_than_the_memory(zoo: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfy.model_management.get_free_memory", lambda _device: 1e4)
    with pytest.raises(VideoFramesError, match=r"h264\.mp4: 12 frames of 64x48 take"):
        read_frames(InputImpl.VideoFromFile(str(zoo["h264.mp4"])), Choice(), 0, 0)


def test_a_still_is_a_clip_of_one(zoo: dict[str, Path]) -> None:
    for name in ("still.png", "still.jpg", "still.webp", "one.gif", "one.mp4"):
        found = read_frames(InputImpl.VideoFromFile(str(zoo[name])), Choice(), 0, 0)
        assert found.images.shape == (1, 48, 64, 3)
        assert found.rate > 0
        slower = read_frames(InputImpl.VideoFromFile(str(zoo[name])), Choice(8.0), 0, 0)
        assert torch.equal(slower.images[:1], found.images)
