"""What more workers come to, by stated figures, where they stop to help and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kinema.motion.windows import ReferenceOptions, WindowOptions

from .plans import MACHINES, SLIDING, STEPS, Machines, setup_of, steps_of, windows_of
from .simulation import Course, Setup, Stretch, simulate, without_workers

GOAL, GOAL_WORKERS, GOAL_FRAMES = 6.5, 8, 512
HELPS = 1.25
"""How much faster twice as many workers have to be."""
MOST = 256
"""Workers that are looked at."""
USUAL = MACHINES[1]
"""That the variations are of."""


def speed_up(steps: Sequence[Sequence[Stretch]], setup: Setup, course: Course | None = None) -> float:
    """Over one machine of the same kind that predicts all windows itself, without workers."""
    return without_workers(steps, setup.host.window, setup.host) / (course or simulate(steps, setup)).seconds


def scaling(frames: Sequence[int], workers: Sequence[int]) -> Iterator[str]:
    """Clips of some lengths with some workers."""
    yield "| machines | frames | windows | " + " | ".join(f"x {count}" for count in workers) + " |"
    yield "|---" * (3 + len(workers)) + "|"
    for machines in MACHINES:
        for length in frames:
            steps = steps_of(length)
            found = [speed_up(steps, _alike(machines, length, count)) for count in workers]
            cells = " | ".join(f"{value:.2f}" for value in found)
            yield f"| {machines.name} | {length} | {windows_of(steps) // STEPS} | {cells} |"


def goals() -> Iterator[str]:
    """Whether what was wanted is reached, for each kind of machines."""
    yield f"| {GOAL_FRAMES} frames, {GOAL_WORKERS} workers | speed-up | workers idle | {GOAL} |"
    yield "|---|---|---|---|"
    steps = steps_of(GOAL_FRAMES)
    for machines in MACHINES:
        setup = _alike(machines, GOAL_FRAMES, GOAL_WORKERS)
        course = simulate(steps, setup)
        found = speed_up(steps, setup, course)
        yield f"| {machines.name} | {found:.2f} | {course.idle:.0%} | {'yes' if found >= GOAL else 'no'} |"


def stops(frames: Sequence[int]) -> Iterator[str]:
    """From how many workers on twice as many hardly help, and what keeps them."""
    yield "| machines | frames | workers | speed-up | with twice as many | what keeps it |"
    yield "|---|---|---|---|---|---|"
    for machines in MACHINES:
        for length in frames:
            workers, now, then = _stop(machines, length)
            why = _why(machines, length, 2 * workers)
            yield f"| {machines.name} | {length} | {workers} | {now:.2f} | {then:.2f} | {why} |"


def variations() -> Iterator[str]:
    """Other plans and other workers, of 512 frames."""
    yield f"| {USUAL.name}, {GOAL_FRAMES} frames | windows | speed-up | workers idle |"
    yield "|---|---|---|---|"
    window, eight = USUAL.window, [USUAL.window] * GOAL_WORKERS
    usual = setup_of(USUAL, GOAL_FRAMES, eight)
    plain = steps_of(GOAL_FRAMES)
    uniform = WindowOptions("standard_uniform", length=SLIDING.length, overlap=SLIDING.overlap)
    sliding = ReferenceOptions("sliding", width=2)
    rows = (
        ("8 workers", plain, usual),
        ("standard_uniform", steps_of(GOAL_FRAMES, uniform), usual),
        ("Context Reference, first", steps_of(GOAL_FRAMES, SLIDING, ReferenceOptions()), usual),
        ("Context Reference, sliding by 2", steps_of(GOAL_FRAMES, SLIDING, sliding), usual),
        ("one worker half as fast", plain, replace(usual, workers=[*eight[1:], 2 * window])),
        ("windows vary by 10%", plain, replace(usual, deviation=0.1)),
        ("7 workers, and the host works, too", plain, setup_of(USUAL, GOAL_FRAMES, eight[1:], works=True)),
        ("8 workers, and the host works, too", plain, setup_of(USUAL, GOAL_FRAMES, eight, works=True)),
        ("the next window on its way ahead", plain, replace(usual, at_once=2)),
    )
    for name, steps, setup in rows:
        course = simulate(steps, setup)
        found = speed_up(steps, setup, course)
        yield f"| {name} | {windows_of(steps) / len(steps):.0f} | {found:.2f} | {course.idle:.0%} |"


def bounds(setup: Setup, windows: int) -> Mapping[str, float]:
    """Seconds that a step takes at least, by each of those that may keep it."""
    network, host = setup.network, setup.host
    carried = network.back / network.bandwidth
    way = host.handling + 2 * network.latency + network.there / network.bandwidth + carried
    rounds = -(-windows // len(setup.workers))
    return {
        "windows: each worker has one, or none" if rounds == 1 else f"windows: {rounds} rounds": rounds
        * (max(setup.workers) + way),
        "the host's network card": windows * carried,
        "the host's work for each call": windows * host.handling,
        "what the host does while all wait": windows * (host.packing + host.fusing) + host.sampling,
    }


def _alike(machines: Machines, frames: int, workers: int) -> Setup:
    return setup_of(machines, frames, [machines.window] * workers)


def _stop(machines: Machines, frames: int) -> tuple[int, float, float]:
    """How many workers, how fast they are, and how fast twice as many."""
    steps, workers = steps_of(frames), 1
    now = speed_up(steps, _alike(machines, frames, workers))
    while True:
        then = speed_up(steps, _alike(machines, frames, 2 * workers))
        if then < HELPS * now or workers >= MOST:
            return workers, now, then
        workers, now = 2 * workers, then


def _why(machines: Machines, frames: int, workers: int) -> str:
    found = bounds(_alike(machines, frames, workers), windows_of(steps_of(frames, steps=1)))
    return max(found, key=lambda name: found[name])
