"""The server is killed while it saves: what has a final name plays, and ffmpeg ends by itself."""

import json
import os
import random
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import av
import av.error
import pytest

from tests.harness import templates
from tests.harness.footage import write_footage
from tests.harness.server import Server

from ..conftest import the_host

KILLS = 3
SAVED = (
    {"format": "h265-mp4", "format.depth": "10-bit", "sound_length": "loop"},
    {"format": "gif", "format.palette": "whole clip"},
    {"format": "prores-mov", "pingpong": True},
    {"format": "png-sequence"},
    {"format": "h264-mp4"},
    {"format": "webp"},
)
LONGEST = 10.0
"""Seconds after which a kill comes at the latest."""
END_SECONDS = 20.0
PROC = Path("/proc")


def clip(number: int, **saving: Any) -> templates.Prompt:
    """A clip with sound that nobody has saved yet, and short ones beside it."""
    inputs = {"images": ["1", 0], "filename_prefix": f"killed/{number}", **saving}
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 256, "height": 256, "batch_size": 90, "color": number}},
        "2": {"class_type": "KinemaCombineVideo", "inputs": inputs},
        "3": {"class_type": "LoadAudio", "inputs": {"audio": templates.SOUND}},
    }


def killed(turn: int, draw: random.Random) -> tuple[list[Path], list[str]]:
    """Kill a server that saves one clip after another at a random moment.

    Returns:
        Files that are under a final name and do not play, and commands of ffmpeg that still run.
    """
    with Server(the_host(), [], ["--cpu"]) as server:
        write_footage(server.base / "input")
        for number, saving in enumerate(draw.sample(SAVED, len(SAVED))):
            prompt = clip(100 * turn + number, **saving)
            if saving["format"].endswith(("mp4", "mov")):
                prompt["2"]["inputs"]["audio"] = ["3", 0]
            body = json.dumps({"prompt": prompt}).encode()
            urllib.request.urlopen(f"{server.url}/prompt", body, timeout=30).close()
        time.sleep(draw.uniform(0.0, LONGEST))
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        until = time.monotonic() + END_SECONDS
        while (left := running(server.base)) and time.monotonic() < until:
            time.sleep(0.1)
        return [path for path in final(server.output) if not plays(path)], left


def running(folder: Path) -> list[str]:
    """Commands of ffmpeg that work below a folder."""
    found = []
    for entry in PROC.iterdir():
        try:
            if entry.name.isdigit() and Path(os.readlink(entry / "cwd")).is_relative_to(folder.resolve()):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [command for command in found if "ffmpeg" in command]


def final(folder: Path) -> list[Path]:
    """Files that somebody would open."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in paths if not any(part.startswith(".kinema-") for part in path.parts)]


def plays(path: Path) -> bool:
    """Whether all of a file can be decoded, and a clip has as many frames as it should."""
    if path.suffix == ".webp":
        from PIL import Image

        with Image.open(path) as picture:
            return getattr(picture, "n_frames", 1) in (1, 90)  # still frames are joined
    try:
        with av.open(str(path)) as container:
            count = sum(1 for _ in container.decode(video=0))
    except av.error.FFmpegError:
        return False
    return count in ((1,) if path.suffix == ".png" else (1, 90) if path.suffix == ".gif" else (90, 178))


@pytest.mark.timeout(300)
@pytest.mark.skipif(not PROC.is_dir(), reason="Processes are looked up in /proc.")
def test_killed_at_random_moments() -> None:
    draw = random.Random(5)
    for turn in range(KILLS):
        assert killed(turn, draw) == ([], [])
