"""The pack's own crew and real workers through Ray whose model only waits, so that eight of them fit two cores."""

import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from kinema.motion.workers import Worker
from kinema.nodes.host.workers import Crew, Job, Settings
from kinema.nodes.host.workers.wire import Start

from .comparing import rest_of
from .measuring import Part, Sampling
from .plans import CHANNELS, CONDITIONINGS, SIDE, SLIDING
from .simulation import Host, Network, Setup, Stretch, simulate

NOBODY = 0.01
"""Seconds between two looks whether all workers serve."""


@dataclass(frozen=True)
class Rehearsal:
    """A step of many windows, each of which takes its workers as long."""

    windows: int
    pace: float
    """Seconds of a window."""
    steps: int


@dataclass(frozen=True)
class Rehearsed:
    """What some workers took."""

    sampling: Sampling
    handling: float
    """Seconds of this machine's own work for a call."""


def rehearsed(rehearsal: Rehearsal, counts: Sequence[int]) -> Iterator[str]:
    """The table by the number of workers, the first of which are one."""
    yield "| workers | window s | way ms | workers idle | step s | speed-up | simulated s | by one worker's figures s |"
    yield "|---|---|---|---|---|---|---|---|"
    made: dict[int, Rehearsed] = {}
    with workers_of(max(counts), rehearsal.pace) as workers:
        for count in counts:
            made[count] = _measured(rehearsal, workers[:count])
            yield _row(made, count)


@contextmanager
def workers_of(count: int, pace: float) -> Iterator[list[Worker]]:
    """Processes that answer every job after some seconds."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    class Waits:
        def call(self, method: str, *values: Any) -> Any:
            if method != "predict":
                return ""
            begun = time.perf_counter()
            found = [values[0]["latents"].copy() for _ in values[0]["conds"]]
            time.sleep(max(0.0, pace - (time.perf_counter() - begun)))
            seconds = time.perf_counter() - begun
            return {"predictions": found, "seconds": seconds, "problem": "", "missing": ()}

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
    ray.init(address="local", object_store_memory=1 << 29, _node_ip_address="127.0.0.1", **quiet)
    try:
        as_actor: Any = ray.remote
        waits = as_actor(num_cpus=0, max_concurrency=4)(Waits)
        yield [Worker(ray, waits.remote(), number + 1) for number in range(count)]
    finally:
        ray.shutdown()


def _measured(rehearsal: Rehearsal, workers: Sequence[Worker]) -> Rehearsed:
    crew = Crew(Settings(work_here=False), workers, Start("rehearsal", {}, "run", "node", 0), lambda *_: ())
    latents = torch.zeros(SLIDING.length, CHANNELS, SIDE, SIDE)
    frames, conds = [list(range(SLIDING.length))], ["cond"] * CONDITIONINGS
    jobs = [Job(conds, np.ones(1), number, frames, latents.numpy()) for number in range(rehearsal.windows)]
    seconds, busy = [], 0.0
    try:
        while any(tally.state != "serves" for tally in crew.tallies.values()):
            time.sleep(NOBODY)
        for _ in range(rehearsal.steps):
            crew.begin_prediction()
            begun, begun_busy = time.perf_counter(), time.process_time()
            crew.each(jobs, lambda _: [], latents)
            seconds.append(time.perf_counter() - begun)
            busy += time.process_time() - begun_busy
    finally:
        crew.close(latents.numpy())
    parts = [
        Part(tally.calls, tally.computed / tally.calls, (tally.taken - tally.computed) / tally.calls)
        for tally in crew.tallies.values()
        if tally.calls
    ]
    step, count = statistics.median(seconds), rehearsal.windows
    sampling = Sampling(step, rehearsal.steps, count, parts, os.getloadavg()[0])
    return Rehearsed(sampling, busy / (count * rehearsal.steps))


def _row(made: Mapping[int, Rehearsed], count: int) -> str:
    one, each = made[1], made[count].sampling
    rest = rest_of([one.sampling])
    own = [part.window for part in each.parts]
    by_own = _step(Setup(own, Network(latency=each.way / 2), Host(sampling=rest)), each.windows)
    latency = max(0.0, one.sampling.way - one.handling) / 2
    host = Host(sampling=rest, handling=one.handling)
    by_one = _step(Setup([one.sampling.window] * count, Network(latency=latency), host), each.windows)
    return (
        f"| {count} | {each.window:.3f} | {1000 * each.way:.1f} | {each.idle:.0%} | {each.step:.2f} "
        f"| {one.sampling.step / each.step:.2f} | {by_own:.2f} ({by_own / each.step - 1:+.1%}) "
        f"| {by_one:.2f} ({by_one / each.step - 1:+.1%}) |"
    )


def _step(setup: Setup, windows: int) -> float:
    return simulate([[Stretch(windows)]], setup).seconds
