"""The command."""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from .pictures import save_gif, save_sheet
from .plan import Plan
from .rows import Row, table
from .sampling import WAYS, Studio
from .stages import STAGES

USUAL = Plan(Path(__file__).resolve().parents[1] / "results" / "learning")


def main(arguments: Sequence[str]) -> None:
    """Learn, and print the table."""
    parser = argparse.ArgumentParser(prog="dev.py bench learning")
    parser.add_argument("--output", type=Path, default=USUAL.folder, help="folder for files, pictures and the table")
    for name, told in (
        ("width", "channels of the finest level, a multiple of 32; SD1.5 has 320"),
        ("side", "of the latents, a multiple of 8"),
        ("frames", "of a clip"),
        ("steps", "of the image model; the others' are shares of it"),
        ("batch", "pictures in a batch"),
        ("clips", "sampled for each figure"),
        ("sampling", "steps of the sampler"),
        ("seed", "of everything"),
    ):
        parser.add_argument(f"--{name}", type=int, default=getattr(USUAL, name), help=told)
    parser.add_argument("--threads", type=int, default=0, help="of the processor; 0 for all")
    parser.add_argument("--stages", nargs="+", choices=list(STAGES), default=list(STAGES))
    options = vars(parser.parse_args(arguments))
    if threads := options.pop("threads"):
        torch.set_num_threads(threads)
    stages = options.pop("stages")
    plan = replace(USUAL, folder=options.pop("output"), **options)
    plan.folder.mkdir(parents=True, exist_ok=True)
    run(plan, stages)


def run(plan: Plan, stages: Sequence[str]) -> None:
    """Some stages, in their order; what is known is in the folder after each."""
    studio, rows, text, start = Studio(plan), list[Row](), "", time.monotonic()
    for name in (each for each in STAGES if each in stages):
        print(f"{name}:", flush=True)
        # not in inference mode: weights that are made there can never be learnt
        rows += STAGES[name](studio)
        minutes = (time.monotonic() - start) / 60
        print(f"{name} is done after {minutes:.1f} minutes", flush=True)
        text = f"{table(rows)}\n\n{_told(plan, minutes)}"
        (plan.folder / "table.md").write_text(f"{text}\n")
        made = {WAYS[way].title: clips for way, clips in studio.made.items()}
        if made:
            save_sheet(plan.folder / "clips.png", made, studio.captions)
            save_gif(plan.folder / "clips.gif", made)
    print(text)


def _told(plan: Plan, minutes: float) -> str:
    return (
        f"Width {plan.width}, latents {plan.side}x{plan.side}, {plan.frames} frames, {plan.steps} steps of batches of "
        f"{plan.batch}, {plan.clips} clips for each figure, sampled in {plan.sampling} steps, seed {plan.seed}, "
        f"noise from {plan.noise_seed} on; {minutes:.1f} minutes on {plan.device}, "
        f"{torch.get_num_threads()} threads."
    )
