"""The windows of real plans, and the machines that the tables are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from kinema.motion.windows import ReferenceOptions, WindowOptions, plan_windows, sources

from .simulation import Host, Network, Setup, Stretch

STEPS = 20
CHANNELS, SIDE = 4, 64
"""Of latents of 512x512 pixels."""
CONDITIONINGS = 2
BYTES = {"fp32": 4, "fp16": 2}
GIGABIT = 1e9 / 8
DEVIATION = 0.02
"""Of the time of a window."""
LATENCY = 0.5e-3 + 2.0e-3
"""Seconds of one way: the network's, and half of what Ray takes for a call beyond the host's own work."""
HANDLING = 5.0e-3
"""Seconds of the host's processor for one call through Ray."""
PACKING = 0.1e-3
"""Seconds in which the host takes a window out of the clip."""
FUSING = 0.6e-3
"""Seconds in which it adds a window to both predictions."""
SAMPLING = 0.15e-3
"""Seconds of the sampler for each frame of the clip."""
SLIDING = WindowOptions("standard_static", length=16, overlap=4)


@dataclass(frozen=True)
class Machines:
    """Workers that are all alike, and their network."""

    name: str
    window: float
    gigabits: float
    precision: str = "fp32"


MACHINES = (
    Machines("consumer GPU, 1 Gbit/s", 0.5, 1),
    Machines("consumer GPU, 1 Gbit/s, fp16", 0.5, 1, "fp16"),
    Machines("consumer GPU, 10 Gbit/s", 0.5, 10),
    Machines("H200, 1 Gbit/s", 0.05, 1),
    Machines("H200, 1 Gbit/s, fp16", 0.05, 1, "fp16"),
    Machines("H200, 10 Gbit/s", 0.05, 10),
)


def steps_of(
    frames: int, options: WindowOptions = SLIDING, reference: ReferenceOptions | None = None, steps: int = STEPS
) -> list[list[Stretch]]:
    """The windows of each step of a sampling, in stretches that wait for one another.

    Args:
        reference: has windows look at others.
    """
    return [_stretches(frames, step, options, reference) for step in range(steps)]


def windows_of(steps: Sequence[Sequence[Stretch]]) -> int:
    """How many windows all steps have."""
    return sum(stretch.windows for step in steps for stretch in step)


def setup_of(machines: Machines, frames: int, workers: Sequence[float], works: bool = False) -> Setup:
    """Machines with some workers, each with its seconds of a window."""
    there = SLIDING.length * CHANNELS * SIDE * SIDE * BYTES[machines.precision]
    network = Network(LATENCY, machines.gigabits * GIGABIT, there, CONDITIONINGS * there)
    return Setup(workers, network, _host(machines, frames, works), deviation=DEVIATION)


def _host(machines: Machines, frames: int, works: bool) -> Host:
    return Host(PACKING, HANDLING, FUSING, frames * SAMPLING, machines.window, works)


def _stretches(frames: int, step: int, options: WindowOptions, reference: ReferenceOptions | None) -> list[Stretch]:
    windows = plan_windows(frames, step, options)
    seen = set() if reference is None else set(sources([window.frames for window in windows], reference))
    runs = groupby(range(len(windows)), lambda number: number in seen)
    return [Stretch(len(list(run)), is_read) for is_read, run in runs]
