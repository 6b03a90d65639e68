"""Jobs shared out among runners that fail, go and come back."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from kinema.motion.jobs import Fault, Job, Outcome, Patience, Prompt, RunnerLostError, Share

SHORT = Patience(0.01, 0.02, 0.3)


@dataclass
class Scripted:
    """A runner that does what a test says."""

    name: str
    act: Callable[[str], Outcome] = lambda _: Outcome()
    back_after: int = 0
    ran: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, prompt: Prompt) -> Outcome:
        (name,) = prompt
        self.ran.append(name)
        return self.act(name)

    def is_there(self) -> bool:
        self.back_after -= 1
        return self.back_after < 0

    def stop(self) -> None:
        self.stopped.set()


@dataclass
class Told:
    """What a share said."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def finished(self, job: Job, outcome: Outcome, runner: str, seconds: float) -> None:
        assert job.name not in self.outcomes
        assert seconds >= 0
        assert runner
        self.outcomes[job.name] = outcome
        self.order.append(job.name)


def jobs(count: int) -> list[Job]:
    return [Job(str(number), {}, {str(number): {}}, f"key {number}") for number in range(count)]


def shared(told: Told, count: int, *runners: Scripted) -> int:
    return Share(jobs(count), runners, told.finished, told.notices.append, SHORT).run()


def gone(_name: str) -> Outcome:
    raise RunnerLostError("it does not answer")


def test_each_job_runs_once_in_order() -> None:
    told, runner = Told(), Scripted("one")
    assert shared(told, 20, runner) == 0
    assert runner.ran == told.order == [str(number) for number in range(20)]


def test_runners_work_side_by_side() -> None:
    both = threading.Barrier(2, timeout=20)

    def together(_name: str) -> Outcome:
        both.wait()
        return Outcome()

    told, runners = Told(), [Scripted("one", together), Scripted("two", together)]
    assert shared(told, 10, *runners) == 0
    assert [len(runner.ran) for runner in runners] == [5, 5]
    assert len(told.outcomes) == 10


def test_a_job_that_fails_is_recorded_and_the_others_go_on() -> None:
    told = Told()
    failing = Scripted("one", lambda name: Outcome(error=Fault("no") if name == "1" else None))
    assert shared(told, 3, failing) == 0
    assert [outcome.error is None for outcome in told.outcomes.values()] == [True, False, True]


def test_the_job_of_a_runner_that_goes_is_done_by_another() -> None:
    told = Told()
    first, second = Scripted("first", gone, back_after=10_000), Scripted("second")
    assert shared(told, 6, first, second) == 0
    assert len(told.outcomes) == 6
    assert all(outcome.error is None for outcome in told.outcomes.values())
    assert len(first.ran) <= 1


def test_a_runner_comes_back() -> None:
    told, went = Told(), [True]

    def once(name: str) -> Outcome:
        return gone(name) if went and went.pop() else Outcome()

    runner = Scripted("one", once, back_after=3)
    assert shared(told, 3, runner) == 0
    assert runner.ran == ["0", "0", "1", "2"]
    assert told.notices == ["one is gone: it does not answer. 0 waits for the next one that is free.", "one is back."]


def test_a_job_that_takes_every_runner_with_it_is_given_up() -> None:
    told = Told()
    deadly = Scripted("one", lambda name: gone(name) if name == "1" else Outcome())
    assert shared(told, 3, deadly) == 0
    assert deadly.ran == ["0", "1", "1", "1", "2"]
    assert str(told.outcomes["1"].error).startswith("It was on 3 runners that went")


def test_without_runners_what_is_left_stays() -> None:
    told = Told()
    assert shared(told, 3, Scripted("one", gone, 10_000), Scripted("two", gone, 10_000)) == 3
    assert not told.outcomes


def test_a_runner_may_be_too_late() -> None:
    told, done = Told(), threading.Event()

    def slowly(_name: str) -> Outcome:
        done.wait(0.3)
        return Outcome()

    assert shared(told, 1, Scripted("one", slowly), Scripted("two", gone, 10_000)) == 0
    assert len(told.outcomes) == 1


def test_a_stop_records_what_succeeded_and_nothing_that_was_cut_short() -> None:
    told = Told()
    one = Scripted("one")

    def until_stopped(name: str) -> Outcome:
        if name == "0":
            return Outcome()
        one.stopped.wait(20)
        return Outcome(error=Fault("stopped"))

    def finished(job: Job, outcome: Outcome, runner: str, seconds: float) -> None:
        told.finished(job, outcome, runner, seconds)
        raise_in_main.set()

    one.act = until_stopped
    raise_in_main = threading.Event()
    share = Share(jobs(3), [one], finished, told.notices.append, SHORT)

    def interrupt() -> None:
        import _thread

        raise_in_main.wait(20)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        share.run()
    assert told.order == ["0"]
    assert one.ran == ["0", "1"]


def test_a_result_that_cannot_be_recorded_stops_all() -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    runners = [Scripted("one"), Scripted("two")]
    with pytest.raises(OSError, match="No space"):
        Share(jobs(50), runners, full, lambda _: None, SHORT).run()
    assert sum(len(runner.ran) for runner in runners) < 10
