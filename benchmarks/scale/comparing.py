"""What was measured, and the simulation of the very same runs."""

import os
import statistics
from collections.abc import Iterator, Mapping, Sequence

from .measuring import Costs, Sampling
from .plans import FUSING, HANDLING, LATENCY, PACKING, SAMPLING
from .simulation import Host, Network, Setup, Stretch, simulate

WITHIN = 0.1
"""That a simulated step may differ from a measured one."""
HEAD = """| workers | window s | way ms | workers idle | step s | simulated s | difference | load |
|---|---|---|---|---|---|---|---|"""


def rest_of(samplings: Sequence[Sampling]) -> float:
    """Seconds of a step in which one worker has no window: the host packs, fuses and samples."""
    return max(0.0, statistics.median(each.step - each.windows * (each.window + each.way) for each in samplings))


def simulated(sampling: Sampling, rest: float) -> float:
    """Seconds of a step by a sampling's own figures."""
    return _step(sampling, [part.window for part in sampling.parts], sampling.way, rest)


def foretold(sampling: Sampling, by: Sequence[Sampling], rest: float) -> float:
    """The same by the figures of samplings with one worker."""
    window, way = (statistics.median(getattr(each, name) for each in by) for name in ("window", "way"))
    return _step(sampling, [window] * len(sampling.parts), way, rest)


def difference(sampling: Sampling, rest: float) -> float:
    """Of the simulated step from the measured one, as a share of that."""
    return simulated(sampling, rest) / sampling.step - 1.0


def compared(samplings: Mapping[int, Sequence[Sampling]]) -> Iterator[str]:
    """The table by the number of workers, and whether the simulation of two is near enough."""
    yield HEAD
    rest = rest_of(samplings[1])
    for workers, each in sorted(samplings.items()):
        for sampling in each:
            yield (
                f"| {workers} | {sampling.window:.3f} | {1000 * sampling.way:.1f} | {sampling.idle:.0%} "
                f"| {sampling.step:.2f} | {simulated(sampling, rest):.2f} | {difference(sampling, rest):+.1%} "
                f"| {sampling.load:.1f} |"
            )
    two = samplings[2]
    off = statistics.median(difference(each, rest) for each in two)
    step, ahead = (
        statistics.median(values) for values in ([each.step for each in two], [foretold(two[0], samplings[1], rest)])
    )
    one = statistics.median(each.step for each in samplings[1])
    verdict = "within" if abs(off) <= WITHIN else "not within"
    yield ""
    yield (
        f"Two workers: {one / step:.2f} times as fast as one, {two[0].windows} windows in a step. The simulation by "
        f"their own figures differs by {off:+.1%} (median), {verdict} {WITHIN:.0%}; by the figures of one worker it "
        f"foretells {ahead:.2f} s for {step:.2f} s ({ahead / step - 1:+.1%})."
    )
    if abs(off) > WITHIN:
        load = max(each.load for each in two)
        yield f"Up to {load:.0f} processes wanted the {os.cpu_count()} cores: measure again when the machine is quiet."


def costs_table(measured: Mapping[str, Costs]) -> Iterator[str]:
    """What the host and Ray take for a window of 512x512 pixels, beside what the simulation is told."""
    yield "| latents | call by Ray ms | of that the host ms | packing ms | fusing ms | sampler, a frame ms |"
    yield "|---|---|---|---|---|---|"
    for name, each in measured.items():
        values = (each.call, each.handling, each.packing, each.fusing, each.sampling)
        yield f"| {name} | " + " | ".join(f"{1000 * value:.2f}" for value in values) + " |"
    # the way of a call has two latencies, each with half a millisecond of the network
    stated = (2 * (LATENCY - 0.5e-3) + HANDLING, HANDLING, PACKING, FUSING, SAMPLING)
    yield "| stated below | " + " | ".join(f"{1000 * value:.2f}" for value in stated) + " |"


def _step(sampling: Sampling, windows: Sequence[float], way: float, rest: float) -> float:
    setup = Setup(windows, Network(latency=way / 2), Host(sampling=rest))
    return simulate([[Stretch(sampling.windows)]], setup).seconds
