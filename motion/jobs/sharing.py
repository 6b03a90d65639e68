"""Jobs shared out among runners: each takes the next one when it is done with its own."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .errors import RunnerLostError
from .job import Job
from .outcome import Fault, Outcome
from .runners import Runner

MOST_LOST = 3
"""Runners that a job may take with it; it is then the job that is wrong."""
TICK = 0.2
"""Seconds after which a wait in the main thread looks for Ctrl-C."""
STOPPING = 30.0
"""Seconds that runners have to stop."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for runners that are gone, in seconds."""

    first: float = 1.0
    """Until one is asked again; then twice as long each time."""
    longest: float = 30.0
    until_gone: float = 300.0
    """With no runner left for this long, what is left to do stays."""


class Share:
    """Runs jobs on runners.

    Args:
        finished: gets each job with its outcome, the runner's name and seconds; one call after the other.
        notice: gets sentences about runners.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        runners: Sequence[Runner],
        finished: Callable[[Job, Outcome, str, float], None],
        notice: Callable[[str], None],
        patience: Patience = Patience(),
    ) -> None:
        self._runners, self._finished, self._notice, self._patience = runners, finished, notice, patience
        self._waiting, self._running = deque(jobs), 0
        self._lost: dict[str, int] = {}
        self._away: dict[str, float] = {}
        """Runners that are gone, and since when."""
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._mistake: BaseException | None = None

    def run(self) -> int:
        """Run all jobs; how many are left because no runner was. KeyboardInterrupt stops them, and is raised again.

        Raises:
            OSError: a result could not be recorded.
        """
        threads = [threading.Thread(target=self._work, args=(runner,), daemon=True) for runner in self._runners]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                threads[0].join(TICK)
                threads = [*threads[1:], threads[0]]
        except BaseException:
            self._stop(threads)
            raise
        if self._mistake is not None:
            raise self._mistake
        return len(self._waiting)

    def _stop(self, threads: Sequence[threading.Thread]) -> None:
        self._end()
        for runner in self._runners:
            runner.stop()
        until = time.monotonic() + STOPPING
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self, runner: Runner) -> None:
        try:
            while (job := self._next()) is not None:
                if not self._tried(job, runner) and not self._is_back(runner):
                    return
        except BaseException as error:
            self._mistake = error
            self._end()
            for each in self._runners:
                each.stop()

    def _next(self) -> Job | None:
        """The next job, None when all are done; one that runs elsewhere may come back."""
        with self._changed:
            while not self._waiting and self._running and not self._over.is_set():
                self._changed.wait()
            if self._over.is_set() or not self._waiting:
                return None
            self._running += 1
            return self._waiting.popleft()

    def _tried(self, job: Job, runner: Runner) -> bool:
        """Run a job; whether its runner is still there."""
        start = time.monotonic()
        try:
            outcome, lost = runner.run(job.prompt), None
        except RunnerLostError as error:
            outcome, lost = None, error
        with self._changed:
            self._running -= 1
            if lost is not None:
                outcome = self._outcome_of_loss(job, runner, lost)
            # what was cut short runs again, next time
            if outcome is not None and not (self._over.is_set() and outcome.error is not None):
                seconds = time.monotonic() - start if outcome.seconds is None else outcome.seconds
                self._finished(job, outcome, runner.name, round(seconds, 3))
            self._changed.notify_all()
        return lost is None

    def _outcome_of_loss(self, job: Job, runner: Runner, lost: RunnerLostError) -> Outcome | None:
        self._away[runner.name] = time.monotonic()
        times = self._lost[job.key] = self._lost.get(job.key, 0) + 1
        if self._over.is_set():
            return None
        if times >= MOST_LOST:
            self._notice(f"{runner.name} is gone: {lost}. {job.name} was on {times} that went, and is given up.")
            return Outcome(error=Fault(f"It was on {times} runners that went. The last one, {runner.name}: {lost}."))
        self._notice(f"{runner.name} is gone: {lost}. {job.name} waits for the next one that is free.")
        self._waiting.appendleft(job)
        return None

    def _is_back(self, runner: Runner) -> bool:
        """Wait for a runner; False when there is nothing left to do, or nobody who could."""
        pause = self._patience.first
        while not self._over.wait(pause):
            with self._changed:
                if not self._waiting and not self._running:
                    return False
            if runner.is_there():
                with self._changed:
                    del self._away[runner.name]
                self._notice(f"{runner.name} is back.")
                return True
            with self._changed:
                since = max(self._away.values()) if len(self._away) == len(self._runners) else time.monotonic()
                if time.monotonic() - since > self._patience.until_gone:
                    self._end()
            pause = min(2 * pause, self._patience.longest)
        return False

    def _end(self) -> None:
        with self._changed:
            self._over.set()
            self._changed.notify_all()
