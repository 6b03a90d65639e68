"""Reading videos, against ffmpeg whose raw pictures go through a pipe into the same tensor."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import imageio_ffmpeg
import numpy as np
from comfy_api.latest import InputImpl
from kinema.motion.video import Choice
from kinema.nodes.host.video import read_frames


class Case(NamedTuple):
    """A clip, and the size it is read in."""

    name: str
    width: int
    height: int
    encoder: tuple[str, ...]
    wide: int
    high: int


CASES = (
    Case("h264 640x360", 640, 360, ("libx264",), 640, 360),
    Case("h264 1080p", 1920, 1080, ("libx264", "-preset", "fast"), 1920, 1080),
    Case("h264 1080p to 512x288", 1920, 1080, ("libx264", "-preset", "fast"), 512, 288),
    Case("vp9 640x360", 640, 360, ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"), 640, 360),
)


def piped(path: Path, case: Case, count: int) -> int:
    """Frames that come through ffmpeg's pipe."""
    same = (case.width, case.height) == (case.wide, case.high)
    scale = [] if same else ["-vf", f"scale={case.wide}:{case.high}:flags=area"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), *scale, "-f", "rawvideo"]
    frames = np.empty((count, case.high, case.wide, 3), np.float32)
    raw = np.empty(frames.shape[1:], np.uint8)
    number = 0
    with subprocess.Popen([*command, "-pix_fmt", "rgb24", "-"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while number < count and _full(process.stdout, raw):
            np.divide(raw, 255.0, out=frames[number], dtype=np.float32)
            number += 1
    return number


def _full(pipe: Any, raw: np.ndarray) -> bool:
    return pipe.readinto(raw.data.cast("B")) == raw.nbytes


def ours(path: Path, case: Case) -> int:
    """Frames that the loader reads."""
    return read_frames(InputImpl.VideoFromFile(str(path)), Choice(), case.wide, case.high).images.shape[0]


def memory(name: str) -> int:
    """Bytes of this process: now (VmRSS) or at most (VmHWM), by Linux; what its parent had does not count."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[name].split()[0]) << 10


def main(arguments: Sequence[str] = ()) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="dev.py bench decoding")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cases", type=int, default=len(CASES), help="how many of the table's rows")
    given = parser.parse_args(arguments)
    print("| clip | frames | ffmpeg s | ours s | speed against ffmpeg | peak over the tensor |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES[: given.cases]:
            path = Path(folder) / "clip.mkv"
            source = f"testsrc2=s={case.width}x{case.height}:r=24:d={given.seconds}"
            command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", source]
            subprocess.run([*command, "-pix_fmt", "yuv420p", "-c:v", *case.encoder, str(path)], check=True)
            count = ours(path, case)
            over = peak_of(path, case)
            times = [_timed(path, case, count) for _ in range(given.repeats)]
            theirs, own = (float(np.median(each)) for each in zip(*times, strict=True))
            print(f"| {case.name} | {count} | {theirs:.2f} | {own:.2f} | {theirs / own:.2f} | {over:.0f} MB |")


def _timed(path: Path, case: Case, count: int) -> tuple[float, float]:
    """Seconds of ffmpeg and of the loader."""
    began = time.perf_counter()
    assert piped(path, case, count) == count
    between = time.perf_counter()
    assert ours(path, case) == count
    return between - began, time.perf_counter() - between


def peak_of(path: Path, case: Case) -> float:
    """Megabytes that reading takes beyond its tensor, in a process of its own that has read a few frames before."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import benchmarks; from pathlib import Path; "
        "from tests.harness.pack import load_host, load_pack; load_pack(); load_host(sys.argv[2], '--cpu'); "
        "from benchmarks import decoding as d; case = d.CASES[int(sys.argv[4])]; path = Path(sys.argv[3]); "
        "from kinema.motion.video import Choice; from kinema.nodes.host.video import read_frames as r; "
        "from comfy_api.latest import InputImpl as I; "
        "r(I.VideoFromFile(str(path)), Choice(count=1), 64, 64); before = d.memory('VmRSS'); "
        "images = r(I.VideoFromFile(str(path)), Choice(), case.wide, case.high).images; "
        "print('PEAK', (d.memory('VmHWM') - before - images.nbytes) / 1e6)"
    )
    root = str(Path(__file__).resolve().parents[1])
    command = [sys.executable, "-c", script, root, os.environ["KINEMA_COMFYUI_FOLDER"]]
    command += [str(path), str(CASES.index(case))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return float(done.stdout.rsplit("PEAK", 1)[1])
