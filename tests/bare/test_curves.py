"""Curves over frames: what is read, what is answered to the rest, and strengths made of them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from kinema.motion.curves import Curve, CurveError, parse_curve
from kinema.motion.strengths import Varying, at


def test_linear_between_and_constant_outside() -> None:
    curve = parse_curve("2: 0.0, 8: 1.0,\n 15: .2")
    assert curve is not None
    values = [curve.at(frame) for frame in (0, 2, 5, 8, 15, 16, 10_000)]
    assert values == pytest.approx([0.0, 0.0, 0.5, 1.0, 0.2, 0.2, 0.2])


@pytest.mark.parametrize("text", ["", "  \n"])
def test_empty_is_no_curve(text: str) -> None:
    assert parse_curve(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0: 1, x: 2", "'x: 2' at character 7"),
        ("0.5", "'0.5' at character 1 is no frame and strength. Write frame: strength pairs"),
        ("0: 1, -3: 2", "'-3: 2' at character 7"),
        ("0: nan", "'0: nan' at character 1"),
        ("0: 1e9", "between -10 and 10"),
        ("0: 1, 4: 2, 0: 3", "frame 0 is given twice, again at character 12"),
        (",,", "only commas"),
        ("0: 1; 4: 2", "with commas between them"),
        ("9" * 30 + ": 1", "at character 1"),
    ],
)
def test_answers(text: str, words: str) -> None:
    with pytest.raises(CurveError) as caught:
        parse_curve(text)
    assert words in str(caught.value)


@given(st.text(alphabet="0123456789.:,-+e \nx", max_size=30))
def test_any_text_is_read_or_answered(text: str) -> None:
    try:
        curve = parse_curve(text)
    except CurveError:
        return
    if curve is not None:
        assert all(math.isfinite(curve.at(frame)) and abs(curve.at(frame)) <= 10 for frame in (0, 1, 7, 10**9))


@given(st.dictionaries(st.integers(0, 10**9 - 1), st.floats(-10, 10, width=32), min_size=1, max_size=6))
def test_what_is_written_is_what_is_read(keys: dict[int, float]) -> None:
    curve = parse_curve(", ".join(f"{frame}: {value!r}" for frame, value in keys.items()))
    assert curve == Curve(tuple(sorted(keys.items())))
    assert all(curve.at(frame) == value for frame, value in keys.items())


def test_a_number_stays_a_number() -> None:
    assert Varying(0.7).over(range(16), (4, 4)) == 0.7


def test_curve_times_number_at_the_frames_asked_for() -> None:
    strength = Varying(2.0, parse_curve("0: 0, 10: 1")).over([4, 10, 30], (4, 4))
    assert isinstance(strength, torch.Tensor)
    assert torch.allclose(strength, torch.tensor([[0.8], [2.0], [2.0]]))


def test_masks_are_resized_and_the_last_one_repeats() -> None:
    masks = torch.stack([torch.full((8, 8), value) for value in (0.25, 0.5)])
    kept: dict[object, torch.Tensor] = {}
    varying = Varying(2.0, mask=masks)
    strength = varying.over(range(4), (4, 6), resized=kept)
    assert isinstance(strength, torch.Tensor)
    assert strength.shape == (4, 24)
    assert torch.allclose(strength[:, 0], torch.tensor([0.5, 1.0, 1.0, 1.0]))
    assert len(kept) == 1
    varying.over(range(4), (4, 6), resized=kept)
    assert len(kept) == 1
    assert at(strength, slice(3, 7)).shape == (4, 4)


def test_mask_and_curve_multiply() -> None:
    strength = Varying(1.0, parse_curve("0: 1, 1: 3"), torch.full((1, 2, 2), 0.5)).over([0, 1], (2, 2))
    assert isinstance(strength, torch.Tensor)
    assert torch.allclose(strength, torch.tensor([[0.5] * 4, [1.5] * 4]))


@pytest.mark.parametrize(
    ("varying", "zero"),
    [
        (Varying(0.0), True),
        (Varying(1.0, parse_curve("0: 0, 9: 0")), True),
        (Varying(1.0, parse_curve("0: 0, 9: 1")), False),
        (Varying(1.0, mask=torch.zeros(1, 2, 2)), True),
        (Varying(-1.0), False),
    ],
)
def test_is_zero(varying: Varying, zero: bool) -> None:
    assert varying.is_zero is zero
