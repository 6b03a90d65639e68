"""How pictures lie in a file and which part of them is shown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinema.motion.video import Orientation, cover, orientation, shown_size

ONE = 1 << 16
PICTURE = np.array([[1, 2, 3], [4, 5, 6]])[..., None]


@pytest.mark.parametrize(
    ("matrix", "wanted"),
    [
        ((1, 0, 0, 1), [[1, 2, 3], [4, 5, 6]]),
        ((-1, 0, 0, 1), [[3, 2, 1], [6, 5, 4]]),
        ((1, 0, 0, -1), [[4, 5, 6], [1, 2, 3]]),
        ((-1, 0, 0, -1), [[6, 5, 4], [3, 2, 1]]),
        ((0, 1, 1, 0), [[1, 4], [2, 5], [3, 6]]),
        ((0, -1, 1, 0), [[3, 6], [2, 5], [1, 4]]),
        ((0, 1, -1, 0), [[4, 1], [5, 2], [6, 3]]),
        ((0, -1, -1, 0), [[6, 3], [5, 2], [4, 1]]),
        ((0.9, 0.4, -0.4, 0.9), [[1, 2, 3], [4, 5, 6]]),
        ((0, 0, 0, 0), [[1, 2, 3], [4, 5, 6]]),
    ],
)
def test_display_matrices(matrix: tuple[float, ...], wanted: list[list[int]]) -> None:
    a, b, c, d = (round(ONE * number) for number in matrix)
    found = orientation([a, b, 0, c, d, 0, 0, 0, 1 << 30])
    assert found.shown(PICTURE)[..., 0].tolist() == wanted
    assert found.stored((5, 7)) == ((7, 5) if found.transposed else (5, 7))
    assert np.shares_memory(found.shown(PICTURE), PICTURE), "nothing is copied"


def test_pixels_that_are_no_squares() -> None:
    assert shown_size(720, 576, 64 / 45) == (1024, 576)
    assert shown_size(720, 576, 0.0) == (720, 576)
    assert shown_size(720, 576, 30000.0) == (720, 576)
    assert shown_size(1, 10, 0.1) == (1, 10)


def test_cover_crops_both_sides() -> None:
    fit = cover((1920, 1080), (1920, 1080), (512, 512))
    assert (fit.width, fit.height, fit.left, fit.right, fit.top, fit.bottom) == (910, 512, 199, 711, 0, 512)
    wide = cover((720, 576), (1440, 576), (720, 288))
    assert (wide.width, wide.height, wide.right - wide.left) == (720, 288, 720)


SIDE = st.one_of(st.integers(1, 20), st.integers(1, 10_000))


@settings(max_examples=500, deadline=None, derandomize=True)
@given(SIDE, SIDE, SIDE, SIDE, st.floats(0, 100), st.booleans())
def test_every_size_fits(width: int, height: int, wide: int, high: int, aspect: float, turned: bool) -> None:
    wanted = Orientation(turned).stored((wide, high))
    fit = cover((width, height), shown_size(width, height, aspect), wanted)
    assert 1 <= fit.width <= width
    assert 1 <= fit.height <= height
    assert 0 <= fit.left < fit.right <= fit.width
    assert 0 <= fit.top < fit.bottom <= fit.height
    assert fit.right - fit.left <= wanted[0]
    assert fit.bottom - fit.top <= wanted[1]
