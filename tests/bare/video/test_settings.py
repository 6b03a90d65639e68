"""Every choice of every format makes a file that plays, and nothing but a choice is taken."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from kinema.motion.video import CODECS, Clip, Job, SettingError, hardware, settled, write_video
from kinema.motion.video.encoding import Wanted, encoding_for
from kinema.motion.video.settings import SOFTWARE

from .test_writing import TAGS, decode, fake_ffmpeg, ffmpeg, frames, save, webp_frames

CHOICES = [
    pytest.param(codec, {setting.name: choice}, id=f"{codec.name}-{setting.name}-{choice}")
    for codec in CODECS.values()
    for setting in codec.settings
    for choice in (setting.choices if setting.name not in ("crf", "encoder") else setting.choices[1:60:25])
    if setting.name != "encoder"
]


def facts(path: Path) -> str:
    """What ffmpeg says of a file."""
    return subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True).stderr


@pytest.mark.parametrize(("codec", "given"), CHOICES)
def test_every_choice_keeps_the_pictures(tmp_path: Path, codec, given: dict[str, str]) -> None:
    images = frames(6)
    settings = settled(codec.settings, given, codec.name)
    path = save(tmp_path, codec, images, quality=90, settings=settings, tags=TAGS)
    found = webp_frames(path) if codec.name == "webp" else decode(path, 48, 64)
    assert len(found) == 6
    few_colours = given.get("palette_size", "256") in ("8", "16", "32")
    rough = {"50": 60, "25": 20}.get(given.get("crf", ""), 30 if few_colours else 8)
    assert np.abs(found.astype(float) - images.mul(255).round().numpy()).mean() <= rough


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("h264-mp4", {"depth": "10-bit"}, "h264 (High 10)"),
        ("h264-mp4", {"colours": "4:4:4"}, "yuv444p"),
        ("h264-mp4", {"depth": "10-bit", "colours": "4:4:4"}, "yuv444p10le"),
        ("h265-mp4", {"depth": "10-bit"}, "yuv420p10le"),
        ("vp9-webm", {"depth": "10-bit", "colours": "4:4:4"}, "yuv444p10le"),
        ("av1-webm", {"depth": "8-bit"}, "yuv420p("),
        ("av1-webm", {}, "yuv420p10le"),
        ("prores-mov", {"profile": "4444xq"}, "prores (XQ)"),
        ("prores-mov", {"profile": "proxy"}, "prores (Proxy)"),
        ("ffv1-mov", {"depth": "16-bit"}, "gbrp16le"),
        ("apng", {"depth": "16-bit"}, "rgb48be"),
    ],
)
def test_a_choice_is_in_the_file(tmp_path: Path, name: str, given: dict[str, str], words: str) -> None:
    codec = CODECS[name]
    assert words in facts(save(tmp_path, codec, frames(3), settings=settled(codec.settings, given, name)))


@pytest.mark.parametrize(
    ("name", "given", "steps"),
    [
        ("h264-mp4", {"depth": "10-bit", "crf": "0"}, 800),
        ("h265-mp4", {"depth": "10-bit", "crf": "0"}, 800),
        ("vp9-webm", {"depth": "10-bit", "crf": "0"}, 800),
        ("prores-mov", {"profile": "4444xq"}, 800),
        ("av1-webm", {"crf": "1"}, 600),
        ("ffv1-mov", {"depth": "10-bit"}, 950),
        ("ffv1-mov", {"depth": "16-bit"}, 4000),
        ("apng", {"depth": "16-bit"}, 4000),
        ("png-sequence", {"depth": "16-bit"}, 4000),
    ],
)
def test_depth_is_real(tmp_path: Path, name: str, given: dict[str, str], steps: int) -> None:
    """A ramp of floats comes back in more steps than 8 bits have, each near its place."""
    codec = CODECS[name]
    ramp = torch.linspace(0.02, 0.98, 4096).reshape(1, 64, 64, 1).expand(2, -1, -1, 3)
    path = save(tmp_path, codec, ramp, quality=100, settings=settled(codec.settings, given, name))
    source = str(path / "%05d.png") if path.is_dir() else str(path)
    raw = ffmpeg("-i", source, "-f", "rawvideo", "-pix_fmt", "gray16le", "-fps_mode", "passthrough", "-")
    found = np.frombuffer(raw, "<u2").reshape(-1, 64, 64)[0].astype(float) / 65535
    assert len(np.unique(found)) > steps
    assert np.abs(found - ramp[0, ..., 0].numpy()).mean() < 0.004


@pytest.mark.parametrize("channels", [3, 4])
def test_one_palette_for_the_whole_clip(tmp_path: Path, channels: int) -> None:
    """A background that stands still keeps its bytes from frame to frame."""
    images = frames(6, channels=channels)
    if channels == 4:
        images[..., 3] = (torch.arange(64) < 32).float()
    settings = settled(CODECS["gif"].settings, {"palette": "whole clip", "dither": "none"}, "gif")
    path = save(tmp_path, CODECS["gif"], images, settings=settings)
    found = decode(path, 48, 64, "rgba")
    assert len(found) == 6
    assert np.array_equal(found[0, :, 40:], found[5, :, 40:])
    assert (found[..., 40:, 3].max() == 0) == (channels == 4)


def comments(data: bytes) -> list[str]:
    """The comment extensions of a gif, read by its blocks."""
    found, at = [], 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    while data[at] != 0x3B:
        kind, label = data[at], data[at + 1]
        if kind == 0x2C:
            table = data[at + 9]
            at += 10 + (3 << (table & 7) + 1 if table & 0x80 else 0) + 1
        else:
            at += 2
        text = b""
        while data[at]:
            text += data[at + 1 : at + 1 + data[at]]
            at += 1 + data[at]
        at += 1
        if (kind, label) == (0x21, 0xFE):
            found.append(text.decode())
    assert at == len(data) - 1
    return found


@pytest.mark.parametrize("palette", ["each frame", "whole clip"])
def test_a_gif_holds_the_workflow_in_comments(tmp_path: Path, palette: str) -> None:
    tags = {**TAGS, "long": json.dumps("ü" * 3000)}
    settings = settled(CODECS["gif"].settings, {"palette": palette}, "gif")
    path = save(tmp_path, CODECS["gif"], frames(5), tags=tags, settings=settings)
    found = comments(path.read_bytes())
    assert found == [f"{key}:{text}" for key, text in tags.items()]
    assert len(decode(path, 48, 64)) == 5


def test_transparency_that_is_lost_is_told(tmp_path: Path) -> None:
    images = frames(2, channels=4)
    for name, given in (("prores-mov", {"profile": "hq"}), ("vp9-webm", {"depth": "10-bit"})):
        settings = settled(CODECS[name].settings, given, name)
        path = tmp_path / f"{name}.x"
        saved = write_video(Job(Clip(images, 8.0), CODECS[name], path, settings=settings))
        assert "ransparency" in saved.left_out[0]


WORDS = ["-y", "8-bit; rm", "file:/etc/passwd", "10-bit\0", "%d", "yuv420p", "", "\ud800", "x" * (1 << 20), "lossless "]
VALUES = [*WORDS, 1, 0.5, float("nan"), 10**400, True, [], {}, ["8-bit"], b"8-bit", ("depth",), object()]


def test_nothing_but_a_choice_is_taken() -> None:
    """Whatever a request holds, arguments of ffmpeg come out of the table."""
    draw = random.Random(13)
    allowed = re.compile(r"[\w:./+=,\-;'()\[\]*]+")
    taken, told = 0, []
    for _ in range(10_000):
        codec = draw.choice(list(CODECS.values()))
        given = {}
        for setting in draw.sample(codec.settings, draw.randint(0, len(codec.settings))):
            given[setting.name] = draw.choice(setting.choices) if draw.random() < 0.8 else draw.choice(VALUES)
        if draw.random() < 0.1:
            given[draw.choice(WORDS)] = draw.choice(VALUES)
        try:
            chosen = settled(codec.settings, given, codec.name)
        except SettingError as error:
            told.append(str(error))
            continue
        taken += 1
        made = encoding_for(codec, Wanted(draw.randint(0, 100), draw.randint(0, 100), draw.random() < 0.5, chosen))
        words = [*made.arguments, *made.filters, *made.device, made.palette or "x"]
        assert all(isinstance(word, str) and allowed.fullmatch(word) for word in words)
    assert min(taken, len(told)) > 2000
    assert all(len(sentence) < 400 and sentence.isprintable() for sentence in told)


ENCODERS = "".join(
    f" V..... {name} x\n"
    for codec in CODECS.values()
    for setting in codec.settings
    if setting.name == "encoder"
    for name in (codec.encoder, *setting.choices[1:])
)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer that could have every card, with an ffmpeg that says so and opens only NVIDIA's H.264 encoder."""
    body = f"""import sys
if "-encoders" in sys.argv: print({ENCODERS!r})
elif "-f" in sys.argv:
    open({str(tmp_path / "asked")!r}, "a").write(sys.argv[sys.argv.index("-c:v") + 1] + "\\n")
    sys.stdin.buffer.read()
    sys.exit("h264_nvenc" not in sys.argv)
"""
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", fake_ffmpeg(tmp_path, body))
    monkeypatch.setattr(hardware, "PLACES", dict.fromkeys(hardware.PLACES, (str(tmp_path),)))
    return tmp_path / "asked"


def test_only_encoders_that_open_are_offered(card: Path) -> None:
    assert hardware.offered("h264-mp4", wait=True) == ("h264_nvenc",)
    assert hardware.offered("h265-mp4", wait=True) == hardware.offered("av1-webm", wait=True) == ()
    assert hardware.hardware_problem("h264-mp4", "h264_nvenc") is None
    assert hardware.hardware_problem("h264-mp4", SOFTWARE) is None
    problem = hardware.hardware_problem("h265-mp4", "hevc_nvenc")
    assert problem == "format.encoder is hevc_nvenc, which does not work on this computer. Choose one of: software."
    asked = card.read_text().split()
    assert len(asked) == len(set(asked)), "each is tried once"
    assert len(asked) == (14 if sys.platform == "darwin" else 12)


def test_a_computer_without_a_card_tries_nothing(card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "PLACES", dict.fromkeys(hardware.PLACES, (str(card.parent / "nowhere"),)))
    assert hardware.offered("h264-mp4", wait=True) == () or sys.platform == "darwin"
    assert not card.exists() or sys.platform == "darwin"
