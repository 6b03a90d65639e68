"""Workflows in files as real encoders write them, whatever is in their texts; and files that are none."""

import contextlib
import json
import random
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from kinema.motion.migration import NoWorkflowError, read_carried
from kinema.motion.video import CODECS, Clip, Job, write_video
from PIL import Image, PngImagePlugin

GRAPH: dict[str, Any] = {
    "nodes": [
        {"id": 1, "type": "A", "note": 'é{}"=;#\\ 日本\n'},
        {"id": 2, "type": "B", "s": 'workflow: {"prompt": {'},
    ],
    "links": [],
    "version": 0.4,
    "long": "x" * 5000,
}
PROMPT: dict[str, Any] = {"1": {"class_type": "A", "inputs": {"text": 'workflow {"a": 1} comment prompt {'}}}
TEXTS = {"prompt": json.dumps(PROMPT), "workflow": json.dumps(GRAPH)}
SOUNDS = {".flac": "flac", ".mp3": "libmp3lame", ".ogg": "libopus"}
ORDERS = [("prompt", "workflow"), ("workflow", "prompt")]


def both(path: Path) -> None:
    found = read_carried(path, path.name)
    assert found.workflow == GRAPH
    assert found.prompt == PROMPT


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("format", CODECS)
def test_files_of_our_own(tmp_path: Path, format: str, order: tuple[str, str]) -> None:
    codec = CODECS[format]
    target = tmp_path / f"clip{codec.extension}"
    tags = {key: TEXTS[key] for key in order}
    made = write_video(Job(Clip(torch.rand(3, 64, 64, 3), 8.0), codec, target, tags=tags))
    both(made.path if made.path.is_file() else min(made.path.iterdir()))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("ending", [".mp4", ".mov", ".webm", ".mkv", *SOUNDS])
def test_files_of_the_host(tmp_path: Path, ending: str, order: tuple[str, str]) -> None:
    """As ComfyUI's nodes write them with PyAV."""
    path = tmp_path / f"clip{ending}"
    options = {"movflags": "use_metadata_tags"} if ending in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=options) as container:
        for key in order:
            container.metadata[key] = TEXTS[key]
        if ending in SOUNDS:
            voice = container.add_stream(SOUNDS[ending], rate=48000)
            assert isinstance(voice, av.AudioStream)
            whole = ending == ".flac"
            silence: Any = np.zeros((1, 48000), np.int16 if whole else np.float32)
            tone = av.AudioFrame.from_ndarray(silence, "s16" if whole else "flt", "mono")
            tone.rate = 48000
            container.mux([*voice.encode(tone), *voice.encode(None)])
        else:
            film = container.add_stream("libvpx-vp9" if ending == ".webm" else "mpeg4", rate=8)
            film.width = film.height = 64
            film.pix_fmt = "yuv420p"
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            container.mux([*film.encode(picture), *film.encode(None)])
    both(path)


@pytest.mark.parametrize("format", ["png", "webp", "jpeg"])
def test_pictures(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"picture.{format}"
    picture = Image.new("RGB", (4, 4))
    if format == "png":
        info = PngImagePlugin.PngInfo()
        for key, text in TEXTS.items():
            info.add_text(key, text)
        picture.save(path, pnginfo=info)
    else:
        exif = picture.getexif()
        for tag, (key, text) in zip((0x0110, 0x010F), TEXTS.items(), strict=True):
            exif[tag] = f"{key}:{text}"
        picture.save(path, exif=exif)
    both(path)


def test_one_comment_with_both_as_texts(tmp_path: Path) -> None:
    """As VideoHelperSuite writes it."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["comment"] = json.dumps(TEXTS)
        film = container.add_stream("mpeg4", rate=8)
        film.width = film.height = 64
        film.pix_fmt = "yuv420p"
        container.mux(film.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
        container.mux(film.encode(None))
    both(path)


def written(tmp_path: Path) -> dict[str, bytes]:
    """A file of each kind with a graph in it."""
    found: dict[str, bytes] = {}
    for format in ("h264-mp4", "vp9-webm", "gif", "webp", "apng"):
        if format in CODECS:
            target = tmp_path / f"{format}{CODECS[format].extension}"
            found[format] = write_video(
                Job(Clip(torch.zeros(2, 32, 32, 3), 8.0), CODECS[format], target, tags=TEXTS)
            ).path.read_bytes()
    assert len(found) > 3
    return found


def test_broken_files(tmp_path: Path) -> None:
    """Files that are cut off, or whose bytes are others here and there, carry a workflow or give a reason."""
    chance = random.Random(4)
    path = tmp_path / "broken"
    for data in written(tmp_path).values():
        for _ in range(150):
            broken = bytearray(data if chance.random() < 0.7 else data[: chance.randrange(len(data))])
            for _ in range(chance.randint(0, 30) if broken else 0):
                broken[chance.randrange(len(broken))] = chance.choice((0, 1, 255, 0x7B, chance.randrange(256)))
            path.write_bytes(broken)
            with contextlib.suppress(NoWorkflowError):
                read_carried(path, "broken.mp4")


SLOW = {
    "places": b'workflow: {"a' * 500_000,
    "objects": b'workflow{"workflow' + b'workflow:{"a":"' * 300_000,
    "unfinished": b'workflow{"a":[' + b"1," * 4_000_000,
    "nested": b'workflow{"a":' * 300_000,
    "chunks": b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 500_000,
    "boxes": b"\0\0\0\x08ftyp" + b"\0\0\0\x08moov" * 500_000,
    "no size": b"\0\0\0\0ftyp" + b"\0" * 1000,
    "keys": b"\0\0\0\x08ftyp\0\0\0\0moov\0\0\0\0keys" + b"\0" * 8 + b"\0\0\0\x08mdta" * 500_000,
    "comments": b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\x01x\0" * 500_000,
}


@pytest.mark.parametrize("name", SLOW)
def test_large_files_that_say_they_have_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(SLOW[name])
    start = time.process_time()
    with pytest.raises(NoWorkflowError):
        read_carried(path, path.name)
    assert time.process_time() - start < 3
