"""Time and memory of sampling clips of many lengths in sliding windows, in one process.

Usage: python dev.py bench lengths [--frames 16 32 64 128 256 512] [--size 16]
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

INCUMBENT = {16: 1.37, 32: 2.11, 64: 1.61, 128: 1.71}
"""Processor seconds per frame and step of AnimateDiff-Evolved: full SD1.5 widths, 16x16 latents, windows 16/4."""


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="dev.py bench lengths")
    parser.add_argument("--frames", type=int, nargs="+", default=[16, 32, 64, 128, 256, 512])
    parser.add_argument("--size", type=int, default=16, help="side of the latent")
    options = parser.parse_args(arguments)
    sliding = WindowOptions("standard_static")
    print("| frames | windows | busy s | per frame ms | per frame in a window ms | peak MB | beyond the latents MB |")
    print("|---|---|---|---|---|---|---|")
    with torch.inference_mode():
        model = animated(sliding)
        sample(model, 32, options.size)
        for frames in options.frames:
            print(row(model, frames, options.size, sliding), flush=True)
    figures = ", ".join(f"{seconds} s for {frames}" for frames, seconds in INCUMBENT.items())
    print(f"AnimateDiff-Evolved, SD1.5 widths, 16x16 latents, per frame and step: {figures} frames.")


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


def animated(sliding: WindowOptions) -> ModelPatcher:
    """A seeded model of a tenth of SD1.5's widths with AnimateDiff v2 and windows."""
    with tempfile.TemporaryDirectory() as folder:
        motion = tiny_motion(Path(folder))
    return slide(animate_model(tiny_model(), motion, Strengths(), "auto"), Stage(sliding))


def sample(model: ModelPatcher, frames: int, size: int) -> Any:
    """One step of Euler with guidance."""
    latent = torch.zeros(frames, 4, size, size)
    positive, negative = conds()
    noise = torch.randn_like(latent)
    return comfy.sample.sample(
        model, noise, 1, 5.0, "euler", "normal", positive, negative, latent, seed=1, disable_pbar=True
    )
