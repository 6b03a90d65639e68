"""The command."""

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from kinema.motion.evaluation import PAPER, Result, tabulate
from torch import Tensor

from ..learning.pictures import save_gif
from ..learning.plan import IMAGE, MODULE, TUNED
from ..learning.rows import true_scenes
from ..learning.running import USUAL
from ..learning.sampling import Studio, sampled
from ..learning.scenes import captions_for
from ..learning.tuning import one_clip
from .seen import HEADS, evaluated, known
from .systems import SYSTEMS, Task

STEPS = 50
"""Of every system, as the authors of Text2Video-Zero and Tune-A-Video have them."""
OTHER = 1 << 20
"""Noise of the pictures that frames are compared with, far from that of the clips."""
TRUE_CLIPS = "true clips"
TOLD = """What it says: that the systems run side by side on one image model, and how far each gets where everything is
known. What it does not say: what they make of real weights. The image model has seen a few thousand drawings, its words
are random vectors, a latent is the picture itself, and the motion module was learnt from clips like those that are
asked for. Text2Video-Zero is told the direction as its camera's, and moves the ground along; Tune-A-Video has seen a
clip that goes the same way, and keeps what it saw. The paper's columns need CLIP and its own prompts and checkpoints:
its rows below are its own, not measured here, and in text alignment its own method has the lowest value of the three.
What comes nearest to them here: colour and shape of the caption to text alignment, distance from the image model's
frames to domain similarity, change from frame to frame to smoothness."""
PAPER_HEADS = ("as published", "text alignment", "domain similarity", "smoothness")


def main(arguments: Sequence[str]) -> None:
    """Sample with every system, and print the tables."""
    parser = argparse.ArgumentParser(prog="dev.py bench papers")
    parser.add_argument("--learnt", type=Path, default=USUAL.folder, help="the folder of bench learning")
    parser.add_argument("--output", type=Path, default=USUAL.folder.with_name("papers"), help="folder for the tables")
    for name in ("width", "side", "frames", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(USUAL, name), help="as it was learnt with")
    parser.add_argument("--clips", type=int, default=USUAL.clips, help="of each system")
    parser.add_argument("--steps", type=int, default=STEPS, help="of the sampler")
    parser.add_argument("--threads", type=int, default=0, help="of the processor; 0 for all")
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    size = {name: getattr(options, name) for name in ("width", "side", "frames", "seed")}
    plan = replace(USUAL, folder=options.learnt, sampling=options.steps, clips=options.clips, **size)
    missing = [plan.file(name).name for name in (IMAGE, MODULE, TUNED) if not plan.file(name).is_file()]
    if missing:
        parser.error(f"{plan.folder} lacks {', '.join(missing)}: run dev.py bench learning first.")
    options.output.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    text = compare(_task(Studio(plan)), options.output)
    size_told = f"{plan.frames} frames of {plan.side}x{plan.side}, width {plan.width}, seed {plan.seed}"
    text += f"\n\n{size_told}, {plan.sampling} steps; {(time.monotonic() - start) / 60:.1f} minutes on {plan.device}."
    (options.output / "table.md").write_text(f"{text}\n")
    print(text)


def compare(task: Task, folder: Path) -> str:
    """The tables; the clips are in the folder."""
    pictures = sampled(task.studio.base, task.captions, replace(task.plan, seed=task.plan.seed + OTHER), 1)
    truth = true_scenes(task.plan)
    same = [number for number, flow in enumerate(truth.flows) if torch.equal(flow, task.flow)]
    made: dict[str, Tensor] = {name: system(task) for name, system in SYSTEMS.items()}
    save_gif(folder / "clips.gif", made)
    made[TRUE_CLIPS] = truth.latents[same]
    captions = {**dict.fromkeys(SYSTEMS, task.captions), TRUE_CLIPS: tuple(truth.captions[each] for each in same)}
    rows = [known(name, clips, captions[name], task.flow, pictures) for name, clips in made.items()]
    results: list[Result] = [each for name, clips in made.items() for each in evaluated(name, clips[: task.plan.clips])]
    published = [[name, *(f"{value:.2f}" for value in values.values())] for name, values in PAPER.items()]
    tables = _table(HEADS, [row.cells for row in rows]), tabulate(results).markdown()
    return "\n\n".join((*tables, TOLD, _table(PAPER_HEADS, published)))


def _task(studio: Studio) -> Task:
    plan = studio.plan
    source = one_clip(plan).scenes(0)
    way = source.captions[0].split()[-1]
    return Task(studio, captions_for((way,), plan.clips), source)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))
