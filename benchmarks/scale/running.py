"""The command."""

import argparse
from collections.abc import Iterator, Sequence

from . import comparing, measuring, rehearsing, table
from .plans import BYTES

FRAMES, WORKERS = (64, 128, 256, 512, 1024, 2048), (1, 2, 4, 8, 16)
REHEARSED = 43
"""Windows of 512 frames."""


def main(arguments: Sequence[str]) -> None:
    """Measure, compare and simulate."""
    parser = argparse.ArgumentParser(prog="dev.py bench scale")
    parser.add_argument("--stated", action="store_true", help="measure nothing, simulate by the stated figures")
    parser.add_argument("--repeats", type=int, default=3, help="measured samplings with one worker and with two")
    parser.add_argument("--steps", type=int, default=4, help="of a measured sampling; the first is not counted")
    parser.add_argument("--clip", type=int, default=14, help="frames of a measured clip")
    parser.add_argument("--window", type=int, default=4, help="frames of its windows")
    parser.add_argument("--size", type=int, default=64, help="its side in pixels")
    parser.add_argument("--pace", type=float, default=0.5, help="seconds that models wait which only wait, 0 for none")
    parser.add_argument("--frames", type=int, nargs="+", default=FRAMES, help="of simulated clips")
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS, help="that are simulated")
    options = parser.parse_args(arguments)
    if not options.stated:
        show(measured(options))
        if options.pace:
            show(rehearsing.rehearsed(rehearsing.Rehearsal(REHEARSED, options.pace, 2), (1, 2, 4, 8)))
    for part in (table.goals(), table.scaling(options.frames, options.workers), table.stops(options.frames)):
        show(part)
    show(table.variations())


def measured(options: argparse.Namespace) -> Iterator[str]:
    """Real samplings, each compared with the simulation of itself, and the host's part."""
    clip = measuring.Clip(options.clip, options.window, options.size, options.steps)
    with measuring.served() as server:
        samplings: dict[int, list[measuring.Sampling]] = {}
        # one worker stays when the other ends, and none has to start anew
        for workers in (2, 1):
            # the first loads models
            every = [measuring.sampled(server, clip, workers, seed) for seed in range(options.repeats + 1)]
            samplings[workers] = every[1:]
    yield from comparing.compared(samplings)
    yield ""
    yield from comparing.costs_table({name: measuring.costs(name) for name in BYTES})


def show(lines: Iterator[str]) -> None:
    """Print some lines, and one that is empty."""
    for line in lines:
        print(line, flush=True)
    print()
