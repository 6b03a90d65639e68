"""Speed and memory of writing videos, against the ffmpeg command on the same frames as raw bytes in a file.

Usage: python dev.py bench encoding [--frames 64] [--size 512] [--repeats 3] [--memory]
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from kinema.motion.video import CODECS, Clip, Job, check_encoder, write_video
from kinema.motion.video.encoding import Wanted, encoding_for

FORMATS = ("h264-mp4", "vp9-webm", "prores-mov", "gif", "png-sequence")
LENGTHS = (100, 1000)
KILOBYTE = 1024


def main(arguments: list[str]) -> None:
    """Print the table of times, or of memory."""
    parser = argparse.ArgumentParser(prog="dev.py bench encoding")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="memory of clips of 100 and 1,000 frames instead")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if options.memory:
            memory(Path(folder), options.size)
        else:
            times(Path(folder), options.frames, options.size, options.repeats)


def moving(count: int, size: int) -> torch.Tensor:
    """Frames in which soft colours and grain move, as those of a sampler do: (count, size, size, 3) in 0..1."""
    generator = torch.Generator().manual_seed(1)
    place = torch.linspace(0, 6.0, size)
    frames = torch.empty(count, size, size, 3)
    for number in range(count):
        for channel in range(3):
            wave = torch.sin(place[None] + 0.1 * number + channel) * torch.cos(place[:, None] - 0.07 * number)
            frames[number, ..., channel] = 0.5 + 0.4 * wave
        frames[number] += 0.02 * torch.randn(size, size, 1, generator=generator)
    return frames.clamp_(0, 1)


def times(folder: Path, count: int, size: int, repeats: int) -> None:
    """Seconds of both, taking turns."""
    images = moving(count, size)
    raw = folder / "frames.raw"
    images.mul(255).round().to(torch.uint8).numpy().tofile(raw)
    deep = folder / "deep.raw"
    images.mul(65535).round().numpy().astype("<u2").tofile(deep)
    print("| format | ffmpeg s | here s | ffmpeg / here | here, of raw 8-bit frames |")
    print("|---|---|---|---|---|")
    for name in FORMATS:
        codec = CODECS[name]
        made = encoding_for(codec, Wanted())

        def here(codec=codec) -> None:  # noqa: ANN001 (bound to the loop's value)
            write_video(Job(Clip(images, 24.0, at_once=4), codec, fresh(folder, codec.sequence)))

        calls: list[Callable[[], object]] = [
            here,
            lambda codec=codec: command(folder, codec.name, raw, "rgb24", size),
            lambda codec=codec: command(folder, codec.name, deep, "rgb48le", size),
        ]
        ours, plain, same = fastest(calls, repeats)
        alike = same if made.deep else plain
        print(f"| {name} | {alike:.2f} | {ours:.2f} | {alike / ours:.2f} | {plain / ours:.2f} |", flush=True)


def command(folder: Path, name: str, raw: Path, pixels: str, size: int) -> None:
    """The same encoding by the ffmpeg command alone."""
    codec = CODECS[name]
    made = encoding_for(codec, Wanted())
    target = fresh(folder, codec.sequence)
    if codec.sequence:
        target.mkdir()
    words = [check_encoder(codec), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{size}x{size}"]
    words += ["-r", "24", "-i", str(raw), *(("-vf", ",".join(made.filters)) if made.filters else ()), *made.arguments]
    words += [str(target / "%05d.png")] if codec.sequence else ["-f", container(codec.extension), str(target)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def container(extension: str) -> str:
    """Ffmpeg's name of a kind of file."""
    return {"webm": "webm", "mov": "mov", "gif": "gif"}.get(extension, "mp4")


def fresh(folder: Path, is_folder: bool) -> Path:
    """A name that nothing has."""
    target = folder / "made"
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    return target


def fastest(calls: list[Callable[[], object]], repeats: int) -> list[float]:
    """Least seconds of each call; they take turns, because shared machines stall."""
    best = [float("inf")] * len(calls)
    for _ in range(repeats):
        for number, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[number] = min(best[number], time.perf_counter() - start)
    return best


@dataclass(frozen=True)
class Made:
    """Frames that are made when they are asked for."""

    count: int
    size: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The four sizes."""
        return self.count, self.size, self.size, 3

    def __getitem__(self, part: slice) -> torch.Tensor:
        numbers = torch.arange(*part.indices(self.count))
        shade = (numbers % 64 / 64)[:, None, None, None] * torch.linspace(0, 1, self.size)[None, :, None, None]
        return shade.expand(len(numbers), self.size, self.size, 3).clone()


def memory(folder: Path, size: int) -> None:
    """What the longest clip takes beyond the shortest, each in a process of its own."""
    print("| format | " + " | ".join(f"{count} frames MB" for count in LENGTHS) + " |")
    print("|---|" + "---|" * len(LENGTHS))
    for name in FORMATS:
        peaks = [in_a_process(folder, name, count, size) for count in LENGTHS]
        print(f"| {name} | " + " | ".join(f"{peak:.0f}" for peak in peaks) + " |", flush=True)


def in_a_process(folder: Path, name: str, count: int, size: int) -> float:
    """Peak memory of a process that writes a clip, in MB beyond what it had before; that of ffmpeg is not counted."""
    script = (
        "import benchmarks; from tests.harness.pack import load_pack; load_pack(); "
        "from benchmarks.encoding import peak; "
        f"print(peak({str(folder)!r}, {name!r}, {count}, {size}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def peak(folder: str, name: str, count: int, size: int) -> float:
    """Megabytes that writing one clip takes, after one that warmed up."""
    codec = CODECS[name]
    for frames in (4, count):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        write_video(Job(Clip(Made(frames, size), 24.0, at_once=4), codec, fresh(Path(folder), codec.sequence)))
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / KILOBYTE
