"""The events of a simulated sampling, worked out by hand, and what is read of a measured one."""

import importlib
import importlib.util
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from kinema.motion.windows import ReferenceOptions

from tests.harness.pack import ROOT

LOG = """[INFO] [Kinema] Calls of the model: here none, worker 1 9 of 1.0 ms and 1.0 ms on the way, worker 2 none.
[INFO] [Kinema] Calls of the model: here none, worker 1 4 of 3902.0 ms and 9.5 ms on the way, worker 2 3 of 4375.0 ms \
and 8.5 ms on the way.
Prompt executed in 19.50 seconds
"""


@pytest.fixture(scope="module")
def scale() -> Any:
    """The files of the benchmark; the root is not on the path."""
    folder = ROOT / "benchmarks"
    file, places = folder / "__init__.py", [str(folder)]
    spec = importlib.util.spec_from_file_location("benchmarks", file, submodule_search_locations=places)
    assert spec is not None
    sys.modules.setdefault("benchmarks", importlib.util.module_from_spec(spec))
    names = ("simulation", "plans", "measuring", "comparing", "table")
    return SimpleNamespace(**{name: importlib.import_module(f"benchmarks.scale.{name}") for name in names})


@pytest.fixture(scope="module")
def events(scale: Any) -> Any:
    return scale.simulation


def test_one_worker_does_one_after_another(events: Any) -> None:
    host = events.Host(packing=0.125, handling=0.25, fusing=0.5, sampling=1.0)
    network = events.Network(latency=0.5, bandwidth=8.0, there=2, back=4)
    course = events.simulate([[events.Stretch(3)]] * 2, events.Setup([2.0], network, host))
    assert course.seconds == 2 * (3 * (0.125 + 0.25 + 0.25 + 0.5 + 2.0 + 0.5 + 0.5 + 0.5) + 1.0)
    assert (course.out, course.back, course.handled, course.alone) == (6 * 0.25, 6 * 0.5, 6 * 0.25, 2 * 2.875)
    assert course.workers == [events.Share(6, 12.0, course.seconds - 12.0)]
    assert course.idle == (course.seconds - 12.0) / course.seconds


@pytest.mark.parametrize(("windows", "workers", "rounds"), [(43, 8, 6), (40, 8, 5), (5, 16, 1), (1, 2, 1), (9, 2, 5)])
def test_equal_workers_take_rounds(events: Any, windows: int, workers: int, rounds: int) -> None:
    course = events.simulate([[events.Stretch(windows)]], events.Setup([0.5] * workers))
    assert course.seconds == 0.5 * rounds
    assert sum(each.windows for each in course.workers) == windows


def test_a_slower_worker_takes_fewer(events: Any) -> None:
    course = events.simulate([[events.Stretch(8)]], events.Setup([1.0, 3.0]))
    assert course.seconds == 6.0
    assert [each.windows for each in course.workers] == [6, 2]
    assert course.idle == 0.0


def test_steps_wait_for_their_last_window(events: Any) -> None:
    course = events.simulate([[events.Stretch(3)]] * 2, events.Setup([1.0, 1.0]))
    assert course.seconds == 4.0
    assert course.idle == 0.25


@pytest.mark.parametrize("step", [0, 1])
def test_no_window_takes_no_time_but_the_samplers(events: Any, step: int) -> None:
    steps = [[events.Stretch(0)] * step]
    course = events.simulate(steps, events.Setup([1.0], host=events.Host(sampling=0.5)))
    assert (course.seconds, course.workers[0].windows, course.idle) == (0.5, 0, 1.0)


def test_answers_wait_for_the_hosts_card(events: Any) -> None:
    network = events.Network(bandwidth=100.0, back=100)
    course = events.simulate([[events.Stretch(10)]], events.Setup([0.5] * 50, network))
    assert course.seconds == 0.5 + 10 * 1.0


def test_both_directions_of_the_card_have_their_own_queue(events: Any) -> None:
    network = events.Network(bandwidth=1.0, there=1, back=1)
    course = events.simulate([[events.Stretch(4)]], events.Setup([1.0] * 4, network))
    # the last leaves at 4, and is alone on its way back
    assert course.seconds == 4.0 + 1.0 + 1.0


def test_calls_wait_for_the_host(events: Any) -> None:
    course = events.simulate([[events.Stretch(10)]], events.Setup([0.25] * 50, host=events.Host(handling=1.0)))
    assert course.seconds == 10 * 1.0 + 0.25


def test_a_host_that_works_takes_windows_without_a_way(events: Any) -> None:
    host, network = events.Host(window=1.0, works=True), events.Network(latency=0.5)
    course = events.simulate([[events.Stretch(3)]], events.Setup([1.0], network, host))
    assert (course.seconds, course.here.windows, course.workers[0].windows) == (2.0, 2, 1)
    assert events.simulate([[events.Stretch(3)]], events.Setup([], network, host)).seconds == 3.0


def test_windows_that_are_read_are_predicted_by_all(events: Any) -> None:
    step = [events.Stretch(1, is_read=True), events.Stretch(2)]
    course = events.simulate([step], events.Setup([2.0], host=events.Host(window=1.0)))
    # the others leave at 1, when the host has read, and lie there until the worker has at 2
    assert course.seconds == 6.0
    assert (course.here.windows, course.workers[0].windows) == (1, 3)


def test_a_window_ahead_hides_the_way(events: Any) -> None:
    setup = events.Setup([1.0], events.Network(latency=0.5))
    assert events.simulate([[events.Stretch(4)]], setup).seconds == 8.0
    assert events.simulate([[events.Stretch(4)]], replace(setup, at_once=2)).seconds == 5.0


def test_times_vary_by_a_seed(events: Any) -> None:
    found = [
        events.simulate([[events.Stretch(40)]], events.Setup([1.0] * 4, deviation=0.1, seed=seed)).seconds
        for seed in (1, 1, 2)
    ]
    assert found[0] == found[1] != found[2]
    assert all(9.0 < seconds < 11.5 for seconds in found)


def test_somebody_has_to_predict(events: Any) -> None:
    with pytest.raises(ValueError, match="Name a worker"):
        events.simulate([[events.Stretch(1)]], events.Setup([]))


def test_plans_are_those_of_the_pack(scale: Any) -> None:
    plans, events = scale.plans, scale.simulation
    assert plans.steps_of(512, steps=1) == [[events.Stretch(43)]]
    first, sliding = (ReferenceOptions(mode, width=2) for mode in ("first", "sliding"))
    assert plans.steps_of(512, reference=first, steps=1) == [[events.Stretch(1, True), events.Stretch(42)]]
    assert plans.steps_of(512, reference=sliding, steps=1) == [[events.Stretch(42, True), events.Stretch(1)]]


@pytest.mark.parametrize("workers", [1, 8, 64])
def test_nothing_is_faster_than_what_keeps_it(scale: Any, workers: int) -> None:
    for machines in scale.plans.MACHINES:
        setup = replace(scale.plans.setup_of(machines, 256, [machines.window] * workers), deviation=0.0)
        steps = scale.plans.steps_of(256, steps=1)
        seconds = scale.simulation.simulate(steps, setup).seconds
        assert seconds > max(scale.table.bounds(setup, 21).values())
        assert scale.table.speed_up(steps, setup) < workers


def test_eight_workers_reach_the_goal_with_the_stated_figures(scale: Any) -> None:
    steps, usual = scale.plans.steps_of(512), scale.table.USUAL
    assert scale.table.speed_up(steps, scale.plans.setup_of(usual, 512, [usual.window] * 8)) >= scale.table.GOAL


def test_a_measured_sampling_is_simulated_by_its_own_figures(scale: Any) -> None:
    measuring, comparing = scale.measuring, scale.comparing
    parts = measuring.parts_in(LOG)
    assert parts == [measuring.Part(4, 3.902, 0.0095), measuring.Part(3, 4.375, 0.0085)]
    ones = [measuring.Sampling(5 * 1.5 + 0.25, 3, 5, [measuring.Part(20, 1.25, 0.25)], 1.0)] * 2
    two = measuring.Sampling(5.0, 3, 5, [measuring.Part(12, 1.25, 0.25), measuring.Part(8, 1.25, 0.25)], 1.0)
    assert comparing.rest_of(ones) == 0.25
    assert comparing.simulated(two, 0.25) == 3 * 1.5 + 0.25
    told = "\n".join(comparing.compared({1: ones, 2: [two]}))
    assert "-5.0% (median), within 10%" in told
    assert "measure again" in "\n".join(comparing.compared({1: ones, 2: [replace(two, step=9.0)]}))
