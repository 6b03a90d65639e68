"""Which frames of a clip are shown, and which clips are held out."""

import itertools
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from kinema.motion.clips import SKIP, Choosing, ClipsError, held_out, views
from kinema.motion.clips.chance import below, fraction
from kinema.motion.clips.choosing import spread, window


def original(length: int, frames: int, stride: int, start: int) -> list[int]:
    """What the data set of AnimateDiff's published trainer computes."""
    clip_length = min(length, (frames - 1) * stride + 1)
    return np.linspace(start, start + clip_length - 1, frames, dtype=int).tolist()


@pytest.mark.parametrize("frames", [1, 2, 7, 16, 24])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_frames_are_those_of_the_original(frames: int, stride: int) -> None:
    for length in (1, 2, 3, 15, 16, 17, 60, 61, 62, 500):
        for start in range(0, length - window(length, frames, stride) + 1, 7):
            assert list(spread(length, frames, stride, start)) == original(length, frames, stride, start)


def test_a_long_clip_gives_every_fourth_frame() -> None:
    starts = set()
    for number in range(300):
        (view,) = views(f"clip {number}", 70, Choosing(flip=False))
        assert np.diff(view.frames).tolist() == [4] * 15
        assert len(view.frames) == 16
        starts.add(view.frames[0])
    assert starts == set(range(10)), "every start that fits"


@pytest.mark.parametrize("length", [1, 2, 15, 16, 40, 60])
def test_a_short_clip_is_shown_whole(length: int) -> None:
    (view,) = views("a", length, Choosing(flip=False))
    assert (view.frames[0], view.frames[-1], len(view.frames)) == (0, length - 1, 16)
    assert set(view.frames) == set(range(length)) or length > 16
    assert view.is_still == (length == 1)
    assert Choosing().is_short(length)
    assert not Choosing().is_short(61)


def test_short_clips_may_be_left_out() -> None:
    assert len(views("a", 16, Choosing(short=SKIP))[0].frames) == 16
    with pytest.raises(ClipsError, match="15 frames, and 16 are asked for"):
        views("a", 15, Choosing(short=SKIP))
    with pytest.raises(ClipsError, match="no frames"):
        views("a", 0, Choosing())


@pytest.mark.parametrize("first", [5, 500])
def test_a_start_behind_the_end_is_no_part(first: int) -> None:
    with pytest.raises(ClipsError, match=f"it has 5 frames, and skip_frames leaves out the first {first}"):
        views("a", 5, Choosing(first=first))
    with pytest.raises(ClipsError, match="it has 1 frame, and 16 are asked for"):
        views("a", 1, Choosing(short=SKIP))
    with pytest.raises(ClipsError, match="it has 20 frames, 3 of them chosen, and 16 are asked for"):
        views("a", 20, Choosing(short=SKIP, length=3))


def test_single_frames() -> None:
    drawn = {views(f"{number}", 5, Choosing(frames=1, flip=False))[0].frames for number in range(200)}
    assert drawn == {(number,) for number in range(5)}
    assert not views("a", 5, Choosing(frames=1))[0].is_still


@pytest.mark.parametrize(
    ("first", "length", "inside"),
    [(0, 0, (0, 99)), (10, 0, (10, 99)), (10, 20, (10, 29)), (90, 50, (90, 99)), (99, 0, (99, 99))],
)
def test_a_part_of_every_clip(first: int, length: int, inside: tuple[int, int]) -> None:
    shown = views("a", 100, Choosing(views=20, flip=False, first=first, length=length))
    frames = sorted(itertools.chain.from_iterable(view.frames for view in shown))
    assert inside[0] <= frames[0] <= frames[-1] <= inside[1]


def test_views_are_mirrored_half_and_are_not_repeated() -> None:
    shown = views("a", 1000, Choosing(views=5))
    assert len(set(shown)) == 10
    assert sum(view.mirrored for view in shown) == 5
    assert len(views("a", 61, Choosing(views=5))) == 2, "there is one start"
    # more views keep the first ones, so that what is prepared stays of use
    assert set(views("a", 1000, Choosing(views=9))) > set(shown)
    assert views("a", 1000, Choosing(views=5, seed=1)) != shown
    assert views("b", 1000, Choosing(views=5)) != shown


@pytest.mark.parametrize("name", ["frames", "stride", "views"])
def test_numbers_that_are_none(name: str) -> None:
    with pytest.raises(ClipsError, match=f"{name} is 0; it must be 1 or more"):
        Choosing(**{name: 0})


def test_chance_is_even_and_the_same_everywhere() -> None:
    counts = Counter(below(6, 3, "die", number) for number in range(6000))
    assert sorted(counts) == list(range(6))
    assert all(abs(count - 1000) < 150 for count in counts.values())
    draws = [fraction(3, "x", number) for number in range(2000)]
    assert 0.0 <= min(draws) < 0.01
    assert 0.99 < max(draws) < 1.0
    assert below(1 << 40, 7, "a", 2, None) == 450073686318
    assert fraction(7, "a\udcff") == fraction(7, "a\udcff")


def test_what_is_held_out_stays_so() -> None:
    clips = [f"clip {number}" for number in range(1000)]
    held = held_out(clips, 0.1)
    assert 60 < len(held) < 140
    assert held_out(reversed(clips), 0.1) == held
    assert held_out([*clips, *clips], 0.1) == held, "copies of a clip are on one side"
    assert held_out(clips[:500], 0.1) == held & set(clips[:500]), "whatever is added"
    assert held_out(clips, 0.2) > held
    assert held_out(clips, 0.1, seed=1) != held
    assert held_out(clips, 0.0) == frozenset()


@pytest.mark.parametrize("count", [2, 3, 5])
def test_there_is_always_something_on_both_sides(count: int) -> None:
    for seed in range(50):
        for part in (0.01, 0.5, 0.99, 1.0):
            assert 1 <= len(held_out(map(str, range(count)), part, seed)) < count
    assert held_out(["a"], 0.5) == frozenset()


def test_another_process_chooses_alike() -> None:
    """Texts have another hash in every process."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom tests.harness.pack import load_pack\nload_pack()\n"
        "from kinema.motion.clips import Choosing, views\nprint([view.frames for view in views('a', 900, Choosing())])"
    )
    from tests.harness.pack import ROOT

    told = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str([view.frames for view in views("a", 900, Choosing())])
