"""Memory of a real server while a long video goes through in pieces: one queue run for each line, one server for each.

Usage: python dev.py bench pieces [--frames 100 500 2000] [--wired latent images inverted] [--cache ram classic none]
       [--per-piece 25] [--size 64] [--pictures 256]
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch
from kinema.motion.video import CODECS, Clip, Job, write_video
from torch import Tensor

from tests.harness import client, templates
from tests.harness.seeded.names import CHECKPOINT
from tests.harness.server import Server
from tests.harness.setup import Host

WIRED = ("latent", "images", "inverted")
"""Encoded, sampled and decoded; the frames that Video in Pieces reads; frames that another node makes of these."""
CACHES = {"ram": [], "classic": ["--cache-classic"], "none": ["--cache-none"]}
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
"""Has glibc give memory back at once; otherwise what it keeps for later is more than what is looked for."""
WATCHED_SECONDS = 0.05
RATE = 24


class Noise:
    """Frames of which no two are alike, made when they are asked for."""

    def __init__(self, frames: int, size: int) -> None:
        self.shape = (frames, size, size, 3)

    def __getitem__(self, part: slice, /) -> Tensor:
        """Some frames that follow one another."""
        start, stop, _ = part.indices(self.shape[0])
        coarse = torch.rand(stop - start, 3, 8, 8, generator=torch.Generator().manual_seed(start))
        return torch.nn.functional.interpolate(coarse, self.shape[1], mode="bilinear").movedim(1, -1)


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="dev.py bench pieces")
    parser.add_argument("--frames", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--size", type=int, default=64, help="side of sampled frames in pixels")
    parser.add_argument("--pictures", type=int, default=256, help="side of other frames in pixels")
    parser.add_argument("--per-piece", type=int, default=25)
    parser.add_argument("--overlap", type=int, default=4)
    parser.add_argument("--wired", nargs="+", default=WIRED, choices=WIRED)
    parser.add_argument("--cache", nargs="+", default=list(CACHES), choices=list(CACHES))
    options = parser.parse_args(arguments)
    print(
        "| wired | cache | frames | pieces | seconds | frames, MB as numbers | peak MB | beyond the first length, MB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for wired in options.wired:
        for cache in options.cache:
            first = 0.0
            for frames in options.frames:
                line, peak = row(options, wired, cache, frames, first)
                first = first or peak
                print(line, flush=True)


def row(options: argparse.Namespace, wired: str, cache: str, frames: int, first: float) -> tuple[str, float]:
    """One length: its line, and the most memory the server had."""
    host = Host(Path(os.environ["KINEMA_COMFYUI_FOLDER"]), Path(sys.executable), is_users=False)
    device = [] if torch.cuda.is_available() else ["--cpu"]
    models, size = [Path(os.environ["KINEMA_MODELS"])], options.size if wired == "latent" else options.pictures
    with Server(host, models, [*device, *CACHES[cache]], environment=ALLOCATOR) as server:
        video = server.base / "input" / "long.mp4"
        write_video(Job(Clip(Noise(frames, size), RATE, at_once=16), CODECS["h264-mp4"], video))
        start = time.monotonic()
        with peak_of(server) as peak:
            outcome = client.run_prompt(server.url, prompt(options, wired))
        seconds = time.monotonic() - start
        if outcome.status != "success":
            raise RuntimeError(outcome.message)
        pieces = next(text.split(" of ")[1].split()[0] for text in outcome.notices["3"] if " of " in text)
    most, pixels = peak[0] / 1e6, 12 * frames * size**2 / 1e6
    beyond = f"{most - first:.0f}" if first else ""
    return f"| {wired} | {cache} | {frames} | {pieces} | {seconds:.0f} | {pixels:.0f} | {most:.0f} | {beyond} |", most


def prompt(options: argparse.Namespace, wired: str) -> templates.Prompt:
    """Video to video with one step, or without any model."""
    cut = {
        "frames_per_piece": options.per_piece,
        "overlap": options.overlap,
        "frame_rate": 0.0,
        "width": 0,
        "height": 0,
    }
    graph = {
        "1": {"class_type": "LoadVideo", "inputs": {"file": "long.mp4"}},
        "2": {"class_type": "KinemaVideoInPieces", "inputs": {"video": ["1", 0], **cut}},
        "3": {"class_type": "KinemaSavePieces", "inputs": {"pieces": ["2", 0]}},
    }
    if wired != "latent":
        graph["3"]["inputs"]["images"] = ["2", 1] if wired == "images" else ["4", 0]
        return graph | {"4": {"class_type": "ImageInvert", "inputs": {"image": ["2", 1]}}}
    sampling = {"steps": 1, "cfg": 1.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 0.5, "seed": 5}
    conds = {"model": ["4", 0], "positive": ["5", 0], "negative": ["5", 0], "latent_image": ["2", 2]}
    graph["2"]["inputs"]["vae"] = ["4", 2]
    graph["3"]["inputs"] |= {"samples": ["6", 0], "vae": ["4", 2]}
    return graph | {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINT}},
        "5": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["4", 1], "text": "a boat"}},
        "6": {"class_type": "KSampler", "inputs": {**conds, **sampling}},
    }


@contextmanager
def peak_of(server: Server) -> Iterator[list[int]]:
    """The most bytes that a server has to itself while something runs, ffmpeg not counted; known afterwards.

    Files that are mapped, such as weights and finished pieces, are the system's to give back and do not count.
    """
    assert server.process is not None
    process, over, most = psutil.Process(server.process.pid), threading.Event(), [0]

    def watch() -> None:
        while not over.wait(WATCHED_SECONDS):
            memory = process.memory_info()
            most[0] = max(most[0], memory.rss - getattr(memory, "shared", 0))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()
