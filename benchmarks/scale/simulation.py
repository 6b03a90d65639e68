"""One sampling as events: windows, the workers that take them, the wires between, and what the host does alone.

Nothing here is measured, and nothing of the pack is imported. Times are in seconds, sizes in bytes.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import inf
from random import Random

SLOWEST = 0.1
"""Of the time a window usually takes, the least that it may vary to."""


@dataclass(frozen=True)
class Stretch:
    """Windows of a step that wait for those before them."""

    windows: int
    is_read: bool = False
    """Whether later windows look at these: then the host and every worker predict all of them."""


@dataclass(frozen=True)
class Network:
    """The way from the host to its workers and back."""

    latency: float = 0.0
    """Of one way, whatever it carries."""
    bandwidth: float = inf
    """Bytes a second through the host's card, as many out as in; what waits there goes one after the other."""
    there: int = 0
    """Bytes of a window's latents."""
    back: int = 0
    """Bytes of all that is predicted of them."""


@dataclass(frozen=True)
class Host:
    """The ComfyUI that people use."""

    packing: float = 0.0
    """For each window, before the first of a step leaves."""
    handling: float = 0.0
    """For each call of a worker; calls wait for one another."""
    fusing: float = 0.0
    """For each window, after the last of a step is back."""
    sampling: float = 0.0
    """For each step, after that."""
    window: float = 0.0
    """Of a window that is predicted here."""
    works: bool = False
    """Whether it takes windows as workers do; it always predicts those that are read."""


@dataclass(frozen=True)
class Setup:
    """Machines and what each of them takes."""

    workers: Sequence[float]
    """Seconds of a window on each."""
    network: Network = Network()
    host: Host = Host()
    at_once: int = 1
    """Windows that a worker has at the same time: it predicts one, others are on their way."""
    deviation: float = 0.0
    """Of the time of a window, as a share of it."""
    seed: int = 0


@dataclass(frozen=True)
class Share:
    """What one of those who predict has done."""

    windows: int
    busy: float
    idle: float


@dataclass(frozen=True)
class Course:
    """What became of a sampling."""

    seconds: float
    workers: Sequence[Share]
    here: Share
    out: float
    """Seconds that the host's card sends."""
    back: float
    """Seconds that it receives."""
    handled: float
    """Seconds that the host spends on calls."""
    alone: float
    """Seconds in which everybody waits for the host to pack, to fuse and to sample."""

    @property
    def idle(self) -> float:
        """The share of their time in which workers predict nothing."""
        return sum(each.idle for each in self.workers) / (self.seconds * len(self.workers) or 1.0)


def simulate(steps: Sequence[Sequence[Stretch]], setup: Setup) -> Course:
    """A whole sampling; the same numbers give the same course.

    Raises:
        ValueError: nobody could predict a window.
    """
    if not setup.workers and not setup.host.works:
        raise ValueError("Nobody predicts windows. Name a worker, or let the host work.")
    events = _Events(setup)
    for step in steps:
        events.step(step)
    return events.course()


def without_workers(steps: Sequence[Sequence[Stretch]], window: float, host: Host) -> float:
    """Seconds of the same sampling on one machine that predicts a window in some time."""
    counts = [sum(stretch.windows for stretch in step) for step in steps]
    return sum(windows * (window + host.fusing) + host.sampling for windows in counts)


class _Line:
    """Something that does one thing after another."""

    def __init__(self) -> None:
        self.free, self.busy, self.done = 0.0, 0.0, 0

    def take(self, now: float, seconds: float) -> float:
        """When a thing that comes now is done."""
        self.free = max(now, self.free) + seconds
        self.busy += seconds
        self.done += 1
        return self.free


class _Events:
    def __init__(self, setup: Setup) -> None:
        self._setup, self._random = setup, Random(setup.seed)
        self._now = self._alone = 0.0
        self._workers, self._here = [_Line() for _ in setup.workers], _Line()
        self._hands, self._out, self._back = _Line(), _Line(), _Line()

    def step(self, step: Sequence[Stretch]) -> None:
        """All windows, and the sampler behind them."""
        host = self._setup.host
        for stretch in step:
            self._by_host(0.0 if stretch.is_read else stretch.windows * host.packing)
            if stretch.is_read:
                self._read(stretch.windows)
            else:
                self._now = self._shared(stretch.windows)
        self._by_host(sum(stretch.windows for stretch in step) * host.fusing + host.sampling)

    def course(self) -> Course:
        """What has become of it all."""
        shares = [Share(line.done, line.busy, self._now - line.busy) for line in (*self._workers, self._here)]
        out, back, handled = (line.busy for line in (self._out, self._back, self._hands))
        return Course(self._now, shares[:-1], shares[-1], out, back, handled, self._alone)

    def _by_host(self, seconds: float) -> None:
        self._now += seconds
        self._alone += seconds

    def _shared(self, windows: int) -> float:
        """When the last of some windows is back, all of which may be taken now."""
        routes: list[list[Callable[[float], float]]] = [
            [self._handled, self._sent, partial(self._predicted, line, seconds), self._answered]
            for line, seconds in zip(self._workers, self._setup.workers, strict=True)
        ] * self._setup.at_once
        if self._setup.host.works:
            routes.append([partial(self._predicted, self._here, self._setup.host.window)])
        order, last = count(), self._now
        # moment, order of what happens at the same time, who, how many stages are behind
        events = [(self._now, next(order), who, 0) for who in range(len(routes))]
        while events:
            moment, _, who, stage = heapq.heappop(events)
            if stage == len(routes[who]):
                last, stage = max(last, moment), 0
            if stage == 0:
                if not windows:
                    continue
                windows -= 1
            heapq.heappush(events, (routes[who][stage](moment), next(order), who, stage + 1))
        return last

    def _read(self, windows: int) -> None:
        """Windows that everybody predicts; only the host's own are waited for."""
        for _ in range(windows):
            arrived = []
            for _ in self._workers:
                self._now = self._handled(self._now)
                arrived.append(self._sent(self._now))
            for line, seconds, moment in zip(self._workers, self._setup.workers, arrived, strict=True):
                self._predicted(line, seconds, moment)
            self._now = self._predicted(self._here, self._setup.host.window, self._now)

    def _handled(self, now: float) -> float:
        return self._hands.take(now, self._setup.host.handling)

    def _sent(self, now: float) -> float:
        network = self._setup.network
        return self._out.take(now, network.there / network.bandwidth) + network.latency

    def _answered(self, now: float) -> float:
        network = self._setup.network
        return self._back.take(now, network.back / network.bandwidth) + network.latency

    def _predicted(self, line: _Line, seconds: float, now: float) -> float:
        varied = self._random.gauss(1.0, self._setup.deviation) if self._setup.deviation else 1.0
        return line.take(now, seconds * max(SLOWEST, varied))
