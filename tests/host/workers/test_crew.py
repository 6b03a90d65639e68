"""Windows of one prediction shared out to workers that are slow, die, forget and fail."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import comfy.model_management as management
import numpy as np
import pytest
import torch
from kinema.motion.workers import GoneError, LostError, StoppedError
from kinema.nodes.host.workers.crew import Crew
from kinema.nodes.host.workers.settings import Settings
from kinema.nodes.host.workers.wire import MISSING, NOTHING, UNKNOWN, Answer, Job, Start, as_wire

FRAMES = 4
START = Start("sampling", {}, "run", "7", 0)


class Double:
    """Answers like a worker: twice the latents, after a while."""

    def __init__(self, name: str, seconds: float = 0.0, fails: Callable[[int], str] = lambda _call: "") -> None:
        self.name, self._seconds, self._fails = name, seconds, fails
        self.asked: list[str] = []
        self.seen: set[int] = set()
        self.calls = 0

    def ask(self, method: str, *values: Any, seconds: float, stopped: Callable[[], bool] = lambda: False) -> Any:
        self.asked.append(method)
        if method != "predict":
            self.seen.clear()
            return ""
        self.calls += 1
        problem = self._fails(self.calls)
        if problem == "lost":
            raise LostError("died")
        if problem == "gone":
            raise GoneError("no ComfyUI")
        if problem == "hangs":
            while not stopped():
                time.sleep(0.01)
            raise StoppedError
        if problem:
            return as_wire(Answer(problem=problem))
        return as_wire(self._predicted(Job(**values[0])))

    def tell(self, method: str, *values: Any) -> None:
        self.asked.append(f"told {method}")

    hint = tell

    def _predicted(self, job: Job) -> Answer:
        if missing := [first for first in job.needs if first not in self.seen]:
            return Answer(problem=MISSING, missing=missing)
        time.sleep(self._seconds)
        self.seen.add(job.first)
        return Answer([job.latents * 2], self._seconds)


def jobs(count: int) -> list[Job]:
    """Windows whose latents are their numbers."""
    moments = np.zeros(count * FRAMES, np.float32)
    return [
        Job(["positive"], moments, number, [range(FRAMES)], np.full((FRAMES, 1, 1, 1), number, np.float32))
        for number in range(count)
    ]


def run(crew: Crew, count: int = 12, here: Callable[[int], None] = lambda _number: None) -> list[float]:
    """One prediction; what each window came to."""

    def predict(number: int) -> list[torch.Tensor]:
        here(number)
        return [torch.full((FRAMES, 1, 1, 1), number * 2.0)]

    crew.begin_prediction()
    found = crew.each(jobs(count), predict, torch.zeros(1))
    assert all(len(each) == 1 for each in found)
    return [float(each[0].mean()) for each in found]


def opened(*workers: Double, **settings: Any) -> Crew:
    """A crew of doubles, which look like workers to it."""
    return Crew(Settings(**settings), workers, START, lambda *_: ())  # type: ignore[arg-type]


EXPECTED = [number * 2.0 for number in range(12)]


def test_predictions_come_in_the_order_of_the_windows() -> None:
    crew = opened(Double("slow", 0.03), Double("fast", 0.002), work_here=False)
    assert run(crew) == EXPECTED
    slow, fast = crew.tallies.values()
    assert slow.calls + fast.calls == 12
    assert fast.calls > 2 * slow.calls, "whoever is done takes the next one"
    assert crew.here.calls == 0
    crew.close(np.zeros(1))


def test_what_is_not_conditioned_is_zero() -> None:
    class Unguided(Double):
        def _predicted(self, job: Job) -> Answer:
            return Answer([job.latents * 2, NOTHING])

    crew = opened(Unguided("worker"), work_here=False)
    crew.begin_prediction()
    found = crew.each(jobs(3), lambda _number: [], torch.zeros(1))
    assert [float(each[0].mean()) for each in found] == [0.0, 2.0, 4.0]
    assert all(torch.equal(each[1], torch.zeros(FRAMES, 1, 1, 1)) for each in found)
    crew.close(np.zeros(1))


def test_this_machine_takes_its_part() -> None:
    crew = opened(Double("worker", 0.02))
    assert run(crew, here=lambda _number: time.sleep(0.02)) == EXPECTED
    assert crew.here.calls > 1
    assert crew.here.calls + sum(tally.calls for tally in crew.tallies.values()) == 12
    crew.close(np.zeros(1))


@pytest.mark.parametrize("seed", range(10))
def test_a_lost_worker_costs_its_window_only(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinema.nodes.host.workers.crew.AGAIN", 0.01)
    chance = random.Random(seed)
    fails = lambda _call: "lost" if chance.random() < 0.4 else ""  # noqa: E731
    workers = [Double("one", 0.001, fails), Double("two", 0.002, fails)]
    crew = opened(*workers, work_here=False)
    assert run(crew) == EXPECTED
    for worker in workers:
        # it begins anew each time
        assert worker.asked.count("begin") >= 1
    crew.close(np.zeros(1))


def test_a_worker_that_forgot_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinema.nodes.host.workers.crew.AGAIN", 0.01)
    worker = Double("restarted", fails=lambda call: UNKNOWN if call == 3 else "")
    crew = opened(worker, work_here=False)
    assert run(crew) == EXPECTED
    assert worker.asked.count("begin") == 2
    crew.close(np.zeros(1))


@pytest.mark.parametrize("problem", ["gone", "RuntimeError: out of memory"])
def test_without_workers_all_is_done_here(problem: str, caplog: pytest.LogCaptureFixture) -> None:
    crew = opened(Double("one", fails=lambda _call: problem), work_here=False)
    assert run(crew) == EXPECTED
    assert crew.here.calls == 12
    assert "one does not take part" in caplog.text
    crew.close(np.zeros(1))


def test_whatever_a_worker_stumbles_over_costs_no_window(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Double):
        def _predicted(self, job: Job) -> Answer:
            raise ZeroDivisionError("nobody thought of it")

    crew = opened(Broken("one"), Double("two"), work_here=False)
    assert run(crew) == EXPECTED
    assert "one does not take part: nobody thought of it" in caplog.text
    crew.close(np.zeros(1))


def test_windows_that_others_look_at_come_first() -> None:
    worker = Double("late")
    crew = opened(worker, work_here=False)
    crew.begin_prediction()
    first, *others = jobs(4)
    crew.show(first)
    found = crew.each(others, lambda _number: [], torch.zeros(1))
    assert [float(each[0].mean()) for each in found] == [2.0, 4.0, 6.0]
    assert 0 in worker.seen, "it was asked for the first window when it lacked that"
    crew.close(np.zeros(1))


def test_predictions_may_have_fewer_windows_than_the_one_before() -> None:
    crew = opened(Double("one"), Double("two"), work_here=False)
    for count in (12, 3, 1, 8, 1, 12) * 5:
        assert run(crew, count) == EXPECTED[:count]
    assert {tally.state for tally in crew.tallies.values()} == {"serves"}
    crew.close(np.zeros(1))


def test_an_interruption_stops_everybody() -> None:
    workers = [Double("one", fails=lambda _call: "hangs"), Double("two", fails=lambda _call: "hangs")]
    crew = opened(*workers, work_here=False)
    timer = threading.Timer(0.2, management.interrupt_current_processing)
    timer.start()
    with pytest.raises(management.InterruptProcessingException):
        run(crew)
    crew.close(None)
    for worker in workers:
        assert worker.asked[-1] == "stop"
    assert not [thread for thread in threading.enumerate() if thread in crew._threads]


def test_samples_go_to_those_that_serve() -> None:
    begun, waits = threading.Event(), threading.Event()

    class Late(Double):
        def ask(self, method: str, *values: Any, **how: Any) -> Any:
            if method == "begin":
                begun.set()
                waits.wait(10)
            return super().ask(method, *values, **how)

    early, late = Double("early"), Late("late")
    crew = opened(early, late, work_here=False)
    assert run(crew) == EXPECTED
    assert begun.is_set()
    threading.Timer(0.1, waits.set).start()
    crew.close(np.ones(1))
    assert early.asked[-1] == "end"
    assert "stop" in late.asked, "it may not begin what is over"
