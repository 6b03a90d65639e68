"""Time and memory of sampling clips of many lengths in sliding windows, in one process.

Usage: python dev.py bench lengths [--frames 16 32 64 128 256 512] [--size 16]
       python dev.py bench lengths --together 4 8 16 --frames 64 [--repeats 3]
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import comfy.sample
import torch
from comfy.model_patcher import ModelPatcher
from kinema.motion.windows import WindowOptions, is_needed, plan_windows
from kinema.nodes.host.animate import animate_model
from kinema.nodes.host.temporal import Strengths
from kinema.nodes.host.windows import Stage, slide

from benchmarks.steps import peak_memory
from tests.host.models import conds, tiny_model, tiny_motion


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="dev.py bench lengths")
    parser.add_argument("--frames", type=int, nargs="+", default=[16, 32, 64, 128, 256, 512])
    parser.add_argument("--size", type=int, default=16, help="side of the latent")
    parser.add_argument("--together", type=int, nargs="+", help="sides of latents: windows one by one against several")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    sliding = WindowOptions("standard_static")
    if options.together:
        with torch.inference_mode():
            together(options, sliding)
        return
    print("| frames | windows | busy s | per frame ms | per frame in a window ms | peak MB | beyond the latents MB |")
    print("|---|---|---|---|---|---|---|")
    with torch.inference_mode():
        model = animated(sliding)
        sample(model, 32, options.size)
        for frames in options.frames:
            print(row(model, frames, options.size, sliding), flush=True)


def together(options: argparse.Namespace, sliding: WindowOptions) -> None:
    """Windows of a clip predicted one by one and several at a time, by turns."""
    frames = options.frames[-1]
    print("| latents | windows together | busy s | over one by one |")
    print("|---|---|---|---|")
    for size in options.together:
        models = {count: animated(sliding, count) for count in (1, 2, 3, 6)}
        seconds: dict[int, list[float]] = {count: [] for count in models}
        for model in models.values():
            sample(model, frames, size)
        for number in range(options.repeats):
            for count in sorted(models, reverse=bool(number % 2)):
                start = time.process_time()
                sample(models[count], frames, size)
                seconds[count].append(time.process_time() - start)
        least = {count: min(each) for count, each in seconds.items()}
        for count, busy in least.items():
            print(f"| {size}x{size} | {count} | {busy:.2f} | {busy / least[1]:.2f} |", flush=True)


def row(model: ModelPatcher, frames: int, size: int, sliding: WindowOptions) -> str:
    """One length."""
    count = len(plan_windows(frames, 0, sliding)) if is_needed(frames, sliding) else 1
    start = time.process_time()
    sample(model, frames, size)
    busy = time.process_time() - start
    # a sampler and guidance hold the clip some ten times over; that part has to grow with it
    latents = frames * 4 * size * size * 4
    peak = peak_memory(lambda: sample(model, frames, size), torch.device("cpu"))
    return (
        f"| {frames} | {count} | {busy:.2f} | {1000 * busy / frames:.1f} | {1000 * busy / (16 * count):.1f} "
        f"| {peak / 1e6:.1f} | {(peak - 10 * latents) / 1e6:.1f} |"
    )


def animated(sliding: WindowOptions, at_once: int = 0) -> ModelPatcher:
    """A seeded model of a tenth of SD1.5's widths with AnimateDiff v2 and windows."""
    with tempfile.TemporaryDirectory() as folder:
        motion = tiny_motion(Path(folder))
    return slide(animate_model(tiny_model(), motion, Strengths(), "auto"), Stage(sliding), at_once)


def sample(model: ModelPatcher, frames: int, size: int) -> Any:
    """One step of Euler with guidance."""
    latent = torch.zeros(frames, 4, size, size)
    positive, negative = conds()
    noise = torch.randn_like(latent)
    return comfy.sample.sample(
        model, noise, 1, 5.0, "euler", "normal", positive, negative, latent, seed=1, disable_pbar=True
    )
