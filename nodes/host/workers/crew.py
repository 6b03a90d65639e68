"""The workers of one sampling, and the windows that they are given."""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import comfy.model_management as management
import numpy as np
from torch import Tensor

from ....motion.workers import GoneError, LostError, StoppedError, Worker, WorkersError
from ..notices import notice, progress
from .checked import in_short
from .settings import Settings
from .wire import MISSING, UNKNOWN, Answer, Job, Start, as_wire, unpacked

AGAIN = 0.5
"""Seconds before a worker that starts anew is asked once more."""
BEGIN_SECONDS = 3600.0
"""That a worker may take to load models, and to run what is above the sampler."""
GIVE_UP = 1800.0
"""Seconds without an answer after which nobody waits any more for a worker that dies again and again."""
STOP_SECONDS = 10.0
"""That a worker may take to stop before it is ended."""

Problems = Callable[[Worker, Callable[[], bool]], Sequence[str]]
"""Why a worker would make something else, a sentence each; the second argument says that nobody waits any more."""


@dataclass(eq=False)
class Tally:
    """What one worker has done in a sampling."""

    calls: int = 0
    computed: float = 0.0
    """Seconds of its model."""
    taken: float = 0.0
    """Seconds until its answers were there."""
    state: str = "starts"
    """``starts``, ``builds`` the sampling, ``serves`` or ``refused``."""

    def __str__(self) -> str:
        if not self.calls:
            return "none"
        each, way = 1000 * self.computed / self.calls, 1000 * (self.taken - self.computed) / self.calls
        return f"{self.calls} of {each:.1f} ms" + (f" and {way:.1f} ms on the way" if self.taken else "")


class Crew:
    """Workers that all build one sampling, and take its windows one by one."""

    def __init__(self, settings: Settings, workers: Sequence[Worker], start: Start, problems: Problems) -> None:
        """Have every worker build the sampling; those that are ready first begin.

        Args:
            problems: is asked of each of them before, also of one that has died and may be on another machine now.
        """
        self.settings, self._start, self._problems = settings, start, problems
        self.tallies: Mapping[Worker, Tally] = {worker: Tally() for worker in workers}
        self.here = Tally(state="serves")
        self._change = threading.Condition()
        self._waiting: deque[int] = deque()
        self._jobs: Sequence[Job] = ()
        self._done: dict[int, Sequence[Any]] = {}
        self._apart: dict[int, Job] = {}
        self._prediction = 0
        self._closed = False
        # notices are shown on the node that runs, which each thread has to know
        self._threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(self._serve, worker), daemon=True)
            for worker in workers
        ]
        for thread in self._threads:
            thread.start()

    def begin_prediction(self) -> None:
        """What was seen before counts no more."""
        self._prediction += 1
        self._apart.clear()

    def show(self, job: Job) -> None:
        """Have every worker see windows that later ones look back at; nobody waits for it."""
        job = self._named(job)
        self._apart[job.first] = job
        for worker, tally in self.tallies.items():
            if tally.state == "serves":
                worker.hint("predict", as_wire(job))

    def each(self, jobs: Sequence[Job], here: Callable[[int], list[Tensor]], like: Tensor) -> list[list[Tensor]]:
        """The predictions of all jobs, in their order.

        Args:
            here: does the job of a number in this process.
            like: a tensor on the device that predictions go to.
        """
        with self._change:
            self._jobs = [self._named(job) for job in jobs]
            self._done.clear()
            self._waiting.extend(range(len(jobs)))
            self._change.notify_all()
        made: dict[int, list[Tensor]] = {}
        try:
            while len(made) + len(self._done) < len(jobs):
                management.throw_exception_if_processing_interrupted()
                with self._change:
                    works = self.settings.work_here or all(each.state == "refused" for each in self.tallies.values())
                    number = self._waiting.popleft() if works and self._waiting else None
                    if number is None:
                        self._change.wait(0.05)
                        continue
                begun = time.perf_counter()
                made[number] = here(number)
                self.here.calls += 1
                self.here.computed += time.perf_counter() - begun
        finally:
            with self._change:
                self._waiting.clear()

        def found(number: int) -> list[Tensor]:
            if number in made:
                return made[number]
            zeros = like.new_zeros(jobs[number].latents.shape)
            return [unpacked(each, like) if each.size else zeros for each in self._done[number]]

        return [found(number) for number in range(len(jobs))]

    def close(self, samples: np.ndarray | None) -> None:
        """Let the workers go.

        Args:
            samples: what the sampling came to; None stops the workers wherever they are.
        """
        with self._change:
            self._closed = True
            self._change.notify_all()
        method, values = ("stop", ()) if samples is None else ("end", (samples,))

        def leave(worker: Worker) -> None:
            if self.tallies[worker].state not in ("builds", "serves"):
                worker.tell("stop", self._start.sampling)
                return
            try:
                if self.tallies[worker].state == "builds":
                    worker.ask("stop", self._start.sampling, seconds=STOP_SECONDS)
                else:
                    worker.ask(method, self._start.sampling, *values, seconds=STOP_SECONDS)
            except (LostError, GoneError):
                return

        with ThreadPoolExecutor(max(1, len(self.tallies))) as pool:
            list(pool.map(leave, self.tallies))
        for thread in self._threads:
            thread.join(STOP_SECONDS)

    def told(self) -> str:
        """Who has done how much, in one line for the log."""
        parts = [f"{worker.name} {tally}" for worker, tally in self.tallies.items()]
        return ", ".join([f"here {self.here}", *parts])

    def _named(self, job: Job) -> Job:
        return replace(job, sampling=self._start.sampling, prediction=self._prediction, needs=tuple(self._apart))

    def _serve(self, worker: Worker) -> None:
        """One worker's thread: start it, and give it windows until all is done."""
        tally, told, failing = self.tallies[worker], False, None
        while not self._closed:
            number: int | None = None
            try:
                if tally.state != "serves":
                    self._begin(worker, tally)
                number = self._take()
                if number is not None:
                    job = self._jobs[number]
                    predictions = self._predicted(worker, tally, job).predictions
                    progress(f"context window {job.first + 1} by {worker.name}")
                    # from here on the next prediction may begin, with other jobs
                    self._finish(number, predictions)
                    failing = None
            except StoppedError:
                self._give_back(number)
                return
            except LostError as lost:
                failing = failing or time.monotonic()
                tally.state = "starts" if time.monotonic() - failing < GIVE_UP else "refused"
                self._give_back(number)
                if tally.state == "refused":
                    notice(f"{worker.name} {lost}, again and again; it takes part no more.")
                    return
                if number is not None and not told:
                    notice(f"{worker.name} {lost}; its windows go to the others.")
                    told = True
                time.sleep(AGAIN)
            except Exception as error:  # whatever it is, its window is not lost, and nobody waits for it
                if not self._closed:
                    notice(f"{worker.name} does not take part: {' '.join(str(error).split()) or type(error).__name__}")
                tally.state = "refused"
                self._give_back(number)
                return

    def _begin(self, worker: Worker, tally: Tally) -> None:
        if problems := self._problems(worker, self._is_closed):
            raise WorkersError(in_short(problems))
        tally.state = "builds"
        problem = worker.ask("begin", as_wire(self._start), seconds=BEGIN_SECONDS, stopped=self._is_closed)
        if problem:
            raise WorkersError(problem)
        tally.state = "serves"

    def _take(self) -> int | None:
        with self._change:
            self._change.wait_for(lambda: self._closed or self._waiting)
            return self._waiting.popleft() if self._waiting and not self._closed else None

    def _predicted(self, worker: Worker, tally: Tally, job: Job) -> Answer:
        begun = time.perf_counter()
        answer = self._asked(worker, job)
        if answer.problem == MISSING:
            for first in answer.missing:
                if (before := self._asked(worker, replace(self._apart[first], needs=()))).problem:
                    answer = before
                    break
            else:
                answer = self._asked(worker, job)
        if answer.problem in (UNKNOWN, MISSING):
            raise LostError("has forgotten the sampling")
        if answer.problem:
            raise WorkersError(answer.problem)
        tally.calls += 1
        tally.computed += answer.seconds
        tally.taken += time.perf_counter() - begun
        return answer

    def _asked(self, worker: Worker, job: Job) -> Answer:
        return Answer(**worker.ask("predict", as_wire(job), seconds=self.settings.timeout, stopped=self._is_closed))

    def _finish(self, number: int, predictions: Sequence[Any]) -> None:
        with self._change:
            self._done[number] = predictions
            self._change.notify_all()

    def _give_back(self, number: int | None) -> None:
        with self._change:
            if number is not None and not self._closed:
                self._waiting.appendleft(number)
            self._change.notify_all()

    def _is_closed(self) -> bool:
        return self._closed
