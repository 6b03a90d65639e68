"""Curves over frames: what is read, and what is answered to the rest."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinema.motion.values import CurveError, listed, parse_curve
from kinema.motion.values.curves import Curve


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
        ("0.5, x", "'x' at character 6 is no number. Write frame: value pairs"),
        ("0: 1, 0.5", "'0.5' at character 7 is no frame and value. Write frame: value pairs"),
        ("1, 99", "between -10 and 10"),
        ("0: 1, -3: 2", "'-3: 2' at character 7"),
        ("0: nan", "'0: nan' at character 1"),
        ("0: 1e9", "between -10 and 10"),
        ("0: 1, 4: 2, 0: 3", "frame 0 is given twice, again at character 13"),
        (",,", "only commas"),
        ("0: 1, 8: 2 4: 3", "'8: 2 4: 3' at character 7"),
        ("0: (0.5", "`(0.5` is not complete arithmetic"),
        ("0: sin(t)/0", "division by zero (at frame 0)."),
        ("0: 0, 4: 3 * t", "is 12 at frame 4; values must lie between -10 and 10"),
        ("0: x * 2", "'x' has no value here; there are t, pi"),
        ("0: 1, max_f/2: 2", "Set frames"),
        ("1" * 70_000, "has 70000 characters"),
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


def test_a_list_is_one_value_a_frame() -> None:
    curve = parse_curve("1.0, .9,\n -0.8")
    assert curve == Curve(((0, 1.0), (1, 0.9), (2, -0.8)), is_list=True)
    assert [curve.at(frame) for frame in (0, 1, 2, 99)] == [1.0, 0.9, -0.8, -0.8]
    assert curve == listed([1.0, 0.9, -0.8])


def test_one_value_is_no_list() -> None:
    curve = parse_curve("0.8")
    assert curve is not None
    assert not curve.is_list
    assert curve.at(7) == 0.8


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [11.0]])
def test_lists_that_cannot_be(values: list[float]) -> None:
    with pytest.raises(CurveError, match=r"the list|of the list"):
        listed(values)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("linear", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("ease_in", [0.0, 0.0625, 0.25, 0.5625, 1.0]),
        ("ease_out", [0.0, 0.4375, 0.75, 0.9375, 1.0]),
        ("ease_in_out", [0.0, 0.15625, 0.5, 0.84375, 1.0]),
        ("hold", [0.0, 0.0, 0.0, 0.0, 1.0]),
    ],
)
def test_interpolations(name: str, wanted: list[float]) -> None:
    curve = parse_curve("0: 0, 4: 1", name)
    assert curve is not None
    assert [curve.at(frame) for frame in range(5)] == pytest.approx(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "0:(0.95), 10:(0.5)",
        '"0": 0.95, "10": 0.5',
        '{"0": "0.95", "10": "(0.5)"}',
        "0: 0.95; 10: 0.5;",
        "0 = 0.95, 10 = 0.5",
        "0:0.95\r\n10:0.5,\r\n",
        "\ufeff0:\u200b 0.95,\u00a010: 0.5",
        "\uff10\uff1a\uff10\uff0e\uff19\uff15\uff0c\u3000\uff11\uff10\uff1a\uff08\uff10\uff0e\uff15\uff09",
        "\u0660: \u0660\u066b\u0669\u0665\u060c \u0661\u0660: \u0660\u066b\u0665",
        "\u201c0\u201d: 0.95, \u00ab10\u00bb: 0.5",
        "0: 0.95, max_f/2 + 0.5: 0.5",
        "0: (1 - 0.05), 10: (1 / 2)",
    ],
)
def test_spellings(text: str) -> None:
    curve = parse_curve(text, frames=20)
    assert curve is not None
    assert [frame for frame, _ in curve.keys] == [0, 10]
    assert [curve.at(frame) for frame in (0, 10, 99)] == pytest.approx([0.95, 0.5, 0.5])


def test_a_minus_may_be_any_dash() -> None:
    assert parse_curve("0: \u22120.5, 4: \uff0d1") == parse_curve("0: -0.5, 4: -1")


def test_arithmetic_holds_to_the_next_key_as_in_deforum() -> None:
    curve = parse_curve("0:(where(t<4, 0.25, t/8)), 8:(1), 12:(0.5*(t<14))", frames=16)
    assert curve is not None
    assert [curve.at(frame) for frame in (0, 3, 4, 7)] == [0.25, 0.25, 0.5, 0.875]
    assert [curve.at(frame) for frame in (8, 10, 12, 13, 14, 99)] == [1.0, 0.75, 0.5, 0.5, 0.0, 0.0]


def test_arithmetic_alone_and_in_lists() -> None:
    alone = parse_curve("0.5 + t / 100")
    assert alone is not None
    assert not alone.is_list
    assert [alone.at(frame) for frame in (0, 50)] == [0.5, 1.0]
    assert parse_curve("1, t * 2, max(t, 3)") == listed([1, 2, 3])


def test_arithmetic_that_fails_later_names_the_frame() -> None:
    curve = parse_curve("0: t / 40")
    assert curve is not None
    with pytest.raises(CurveError, match="is 10.025 at frame 401"):
        curve.at(401)
