"""Sliding context windows: known plans, what every plan has to hold, and answers to bad options."""

import math
import random
from itertools import pairwise

import pytest
from kinema.motion.windows import FUSES, SCHEDULES, Window, WindowError, WindowOptions, is_needed
from kinema.motion.windows import plan_windows as plan
from kinema.motion.windows.plan import halving

from tests.papers import character

WHOLE = [  # frames of a clip, in plans of one window
    (WindowOptions("standard_static", 16), 16),
    (WindowOptions("standard_static", 16, use_on_equal_length=True), 16),
    (WindowOptions("standard_uniform", 16, closed_loop=True, use_on_equal_length=True), 16),
    (WindowOptions("looped_uniform", 16), 16),
    (WindowOptions("looped_uniform", 16, 15, 32), 3),
    (WindowOptions("batched", 16, closed_loop=True), 1),
    (WindowOptions("standard_static", 100, 99), 1),
]


def spelled(windows: list[Window], frames: int) -> str:
    """First and last frame of each window, and how many frames it moves on at a time if more than one."""
    found = []
    for window in (window.frames for window in windows):
        stride = (window[1] - window[0]) % frames
        assert all((after - before) % frames == stride for before, after in pairwise(window))
        found.append(f"{window[0]}..{window[-1]}" + (f"/{stride}" if stride > 1 else ""))
    return " ".join(found)


@pytest.mark.parametrize(
    ("schedule", "frames", "length", "overlap", "stride", "closed", "step", "known"),
    [
        ("standard_static", 40, 16, 4, 1, False, 0, "0..15 12..27 24..39"),
        ("standard_static", 20, 16, 8, 1, False, 0, "0..15 4..19"),
        ("standard_static", 100, 24, 6, 1, False, 0, "0..23 18..41 36..59 54..77 72..95 76..99"),
        ("standard_uniform", 40, 16, 4, 1, False, 0, "0..15 12..27 24..39"),
        ("standard_uniform", 40, 16, 4, 1, False, 1, "20..35 24..39 0..15 4..19"),
        ("standard_uniform", 40, 16, 4, 1, False, 3, "24..39 0..15 2..17 14..29"),
        ("standard_uniform", 17, 16, 4, 1, False, 2, "1..16 0..15"),
        ("standard_uniform", 40, 16, 4, 2, False, 0, "0..15 12..27 24..39 0..30/2 9..39/2"),
        ("standard_uniform", 31, 16, 4, 2, False, 3, "15..30 0..15 4..19 0..30/2 1..16"),
        (
            *("standard_uniform", 64, 16, 4, 2, False, 3),
            "48..63 0..15 8..23 20..35 32..47 33..63/2 1..16 13..43/2",
        ),
        (
            *("standard_uniform", 64, 8, 2, 3, False, 1),
            "32..39 38..45 44..51 50..57 56..63 0..7 4..11 10..17 16..23 22..29 28..35 "
            "33..47/2 47..61/2 49..63/2 1..8 11..25/2 25..39/2 34..62/4 0..28/4",
        ),
        ("looped_uniform", 40, 16, 4, 1, False, 1, "20..35 32..7 4..19"),
        ("looped_uniform", 40, 16, 4, 1, True, 1, "20..35 32..7 4..19 16..31"),
        ("looped_uniform", 40, 16, 4, 1, True, 7, "35..10 7..22 19..34 31..6"),
        ("looped_uniform", 16, 16, 4, 1, True, 1, "8..7 4..3"),
        ("looped_uniform", 40, 16, 4, 2, True, 1, "20..35 32..7 4..19 16..31 21..11/2 9..39/2"),
        ("looped_uniform", 17, 16, 4, 2, False, 1, "8..6 3..1 9..5/2"),
        (
            *("looped_uniform", 64, 8, 2, 3, False, 3),
            "48..55 54..61 60..3 2..9 8..15 14..21 20..27 26..33 32..39 38..45 44..51 "
            "49..63/2 63..13/2 13..27/2 27..41/2 41..55/2 51..15/4 17..45/4",
        ),
        ("batched", 40, 16, 4, 1, False, 0, "0..15 16..31 32..39"),
        ("batched", 100, 24, 6, 1, False, 0, "0..23 24..47 48..71 72..95 96..99"),
    ],
)
def test_known_plans(schedule, frames, length, overlap, stride, closed, step, known) -> None:
    options = WindowOptions(schedule, length, overlap, stride, closed)
    assert spelled(plan(frames, step, options), frames) == known


def test_strides_that_do_not_fit_are_left_out() -> None:
    """The widely copied planner answers these with frames beyond the end, or one frame several times in a window."""
    assert spelled(plan(17, 0, WindowOptions("standard_uniform", stride=2)), 17) == "0..15 1..16"
    assert spelled(plan(17, 2, WindowOptions("standard_uniform", stride=2)), 17) == "1..16 0..15"
    assert spelled(plan(20, 0, WindowOptions("looped_uniform", stride=2)), 20) == "0..15 12..7"
    assert spelled(plan(20, 0, WindowOptions("looped_uniform", 8, 2, 3)), 20) == "0..7 6..13 12..19 0..14/2 14..8/2"
    held = {frame for window in plan(11, 10, WindowOptions("standard_uniform", 5, 2, 2)) for frame in window.frames}
    assert held == set(range(11))


def test_halving_visits_the_clip_evenly() -> None:
    assert [halving(step) for step in range(8)] == [0, 0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875]


def drawn(rng: random.Random) -> tuple[int, int, WindowOptions]:
    """Any clip up to 2000 frames, any options, but few plans of very many windows: those cost time, not insight."""
    frames, length = int(2001 ** (rng.random() ** 3)), int(150 ** rng.random()) + rng.choice((0, 3))
    overlap = rng.randrange(length) if frames * length < 1000 else rng.randrange(length // 3 + 1)
    options = WindowOptions(
        rng.choice(SCHEDULES),
        length,
        overlap,
        rng.choice((1, 1, 2, 3, 4, 8, 10**6)),
        frames > 1 and rng.random() < 0.5,
        rng.choice(FUSES),
        rng.random() < 0.5,
    )
    return frames, rng.choice((0, 1, 2, 3, rng.randrange(1000))), options


def test_every_plan_is_sound() -> None:
    rng = random.Random(1)
    longest = 0
    for _ in range(20_000):
        frames, step, options = drawn(rng)
        windows = plan(frames, step, options)
        told = f"{frames} frames, step {step}, {options}"
        full = min(frames, options.length)
        total = [0.0] * frames
        for window in windows:
            last = options.schedule == "batched" and window is windows[-1]
            assert len(window.frames) == full or (last and len(window.frames) == frames % full), told
            assert len(set(window.frames)) == len(window.frames) == len(window.weights), told
            assert min(window.frames) >= 0, told
            assert max(window.frames) < frames, told
            assert min(window.weights) > 0, told
            for frame, weight in zip(window.frames, window.weights, strict=True):
                total[frame] += weight
        assert all(math.isclose(share, 1.0, rel_tol=1e-9) for share in total), told  # so every frame is covered
        assert len({window.frames for window in windows}) == len(windows), told
        # a stride of k takes about k times fewer windows, so all strides together take less than twice as many
        rounds = max(frames, options.length) / (options.length - options.overlap)
        assert len(windows) <= 2 * (rounds + 2) + 2 * frames.bit_length(), told
        assert is_needed(frames, options) or windows == [Window(tuple(range(frames)), (1.0,) * frames)], told
        if options.schedule in ("standard_static", "batched"):
            assert windows == plan(frames, step + 1, options), told
        longest = max(longest, frames)
    assert longest > 1900


def test_the_same_call_gives_the_same_plan() -> None:
    rng = random.Random(2)
    for _ in range(200):
        call = drawn(rng)
        assert plan(*call) == plan(*call)


@pytest.mark.parametrize(("options", "frames"), WHOLE)
def test_clips_of_one_window(options: WindowOptions, frames: int) -> None:
    for step in range(4):
        assert plan(frames, step, options) == [Window(tuple(range(frames)), (1.0,) * frames)]


def leads_back(window: Window, frames: int) -> bool:
    return (frames - 1, 0) in pairwise(window.frames)


@pytest.mark.parametrize("frames", [2, 3, 5, 8, 15, 16, 17, 31, 32, 40, 48, 64, 100])
@pytest.mark.parametrize("overlap", [0, 1, 4, 15])
def test_a_closed_loop_joins_the_ends(frames: int, overlap: int) -> None:
    options = WindowOptions("looped_uniform", 16, overlap, closed_loop=True)
    assert is_needed(frames, options)
    joined = [any(leads_back(window, frames) for window in plan(frames, step, options)) for step in range(8)]
    assert all(joined) if overlap else any(joined)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(("length", "overlap"), [(24, 4), (48, 4), (16, 4), (4, 1)])
def test_still_loops_are_the_windows_of_animate_anyone(length: int, overlap: int, closed: bool) -> None:
    options = WindowOptions("looped_static", length, overlap, closed_loop=closed, fuse="flat")
    for frames in range(2, 3 * length):
        wanted = character.windows(frames, length, overlap, closed)
        for step in (0, 7):
            assert [list(window.frames) for window in plan(frames, step, options)] == wanted, frames


def test_a_closed_loop_of_one_window_turns_from_step_to_step() -> None:
    options = WindowOptions("looped_uniform", 16, 0, closed_loop=True)
    starts = [[window.frames[0] for window in plan(16, step, options)] for step in range(4)]
    assert starts == [[0], [8], [4], [12]]
    short = WindowOptions("looped_uniform", 16, 4, closed_loop=True)
    assert spelled(plan(8, 0, short), 8) == "0..7 6..5"
    assert spelled(plan(8, 1, short), 8) == "4..3 2..1"


@pytest.mark.parametrize("schedule", ["standard_static", "standard_uniform", "batched"])
def test_only_the_looped_schedule_closes_loops(schedule: str) -> None:
    for step in range(8):
        assert plan(50, step, WindowOptions(schedule, closed_loop=True)) == plan(50, step, WindowOptions(schedule))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schedule": "zigzag"}, "no window schedule 'zigzag'. Choose one of standard_static"),
        ({"fuse": "median"}, "no fuse method 'median'. Choose one of pyramid"),
        ({"length": 0}, "A window of 0 frames holds nothing"),
        ({"length": 8, "overlap": 8}, "cannot overlap by 8: .* Set the overlap between 0 and 7"),
        ({"length": 8, "overlap": 20}, "cannot overlap by 20"),
        ({"overlap": -1}, "cannot overlap by -1"),
        ({"stride": 0}, "stride of 0 takes no frame"),
    ],
)
def test_bad_options(options, words) -> None:
    with pytest.raises(WindowError, match=words):
        WindowOptions(**options)


@pytest.mark.parametrize(
    ("frames", "step", "options", "words"),
    [
        (0, 0, WindowOptions(), "clip of 0 frames"),
        (20, -1, WindowOptions(), "no sampling step -1"),
        (1, 0, WindowOptions("looped_uniform", closed_loop=True), "One frame cannot be a loop"),
    ],
)
def test_bad_clips(frames, step, options, words) -> None:
    with pytest.raises(WindowError, match=words):
        plan(frames, step, options)


@pytest.mark.parametrize(("length", "overlap"), [(16, 4), (16, 0), (24, 4), (8, 7), (5, 2)])
def test_no_plan_could_do_with_fewer_windows(length: int, overlap: int) -> None:
    """So many windows hold n length - (n - 1) overlap frames of a clip, and n (length - overlap) of a loop."""
    for frames in range(length + 1, 6 * length):
        static = plan(frames, 0, WindowOptions("standard_static", length, overlap))
        assert len(static) == math.ceil((frames - overlap) / (length - overlap))
        loop = plan(frames, 0, WindowOptions("looped_static", length, overlap, closed_loop=True))
        assert len(loop) == math.ceil(frames / (length - overlap))
