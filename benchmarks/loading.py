"""Time of loading a motion module, against reading its file and nothing else, in one process with a warm page cache.

Usage: python dev.py bench loading [--file FILE ...] [--repeats 5]
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from kinema.nodes.host.files import load_patcher
from kinema.nodes.host.temporal import MotionWeights
from safetensors.torch import load_file, save_file

from tests.harness.seeded import layouts


def main(arguments: list[str]) -> None:
    """Print the table for given files, or for AnimateDiff v2 in half and in single precision."""
    parser = argparse.ArgumentParser(prog="dev.py bench loading")
    parser.add_argument("--file", type=Path, nargs="+", help="motion modules (.safetensors)")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        print("| file | on disk | stored as | map s | read s | load s | load / map | load / read | again s |")
        print("|---|---|---|---|---|---|---|---|---|")
        for path in options.file or seeded(Path(folder)):
            print(row(path, options.repeats), flush=True)


def seeded(folder: Path) -> Iterator[Path]:
    """AnimateDiff v2 of full size in two dtypes, one file at a time."""
    state = layouts.motion_module()
    for name, dtype in (("half", torch.float16), ("single", torch.float32)):
        path = folder / f"{name}.safetensors"
        save_file({key: value.to(dtype) for key, value in state.items()}, path)
        yield path
        path.unlink()


def row(path: Path, repeats: int) -> str:
    """One line: mapping the file without looking at it, reading every byte once, and the loader."""
    model = load_patcher(MotionWeights, str(path)).model
    kept, size = model.get_dtype(), path.stat().st_size / 1e9
    del model
    calls: list[Callable[[], object]] = [
        lambda: load_file(path),
        lambda: [tensor.clone() for tensor in load_file(path).values()],
        lambda: load_patcher(MotionWeights, str(path)),
    ]
    mapped, read, loaded = fastest(calls, repeats)
    held = MotionWeights.load(str(path))
    (again,) = fastest([lambda: MotionWeights.load(str(path))], repeats)
    del held
    return (
        f"| {path.name} | {size:.2f} GB | {kept} | {mapped:.3f} | {read:.3f} | {loaded:.3f} "
        f"| {loaded / mapped:.1f} | {loaded / read:.2f} | {again:.6f} |"
    )


def fastest(calls: list[Callable[[], object]], repeats: int) -> list[float]:
    """Least seconds of each call; they take turns, because shared machines stall."""
    best = [float("inf")] * len(calls)
    for _ in range(repeats):
        for number, call in enumerate(calls):
            start = time.perf_counter()
            result = call()
            best[number] = min(best[number], time.perf_counter() - start)
            del result
    return best
