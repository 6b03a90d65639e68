"""What the windows that share a frame weigh against each other."""

import random

import pytest
from kinema.motion.windows import WindowOptions, plan_windows
from kinema.motion.windows.plan import weights


def test_flat_and_pyramid_weights() -> None:
    assert weights("flat", 3, 1) == (1, 1, 1)
    assert weights("pyramid", 1, 0) == (1,)
    assert weights("pyramid", 7, 0) == (1, 2, 3, 4, 3, 2, 1)
    assert weights("pyramid", 8, 0) == (1, 2, 3, 4, 4, 3, 2, 1)


def test_overlap_linear_ramps_where_a_neighbour_is() -> None:
    ramp = (1e-37, 1 / 3, 2 / 3, 1)
    assert weights("overlap-linear", 10, 4, at_start=True, at_end=False) == pytest.approx((1,) * 6 + ramp[::-1])
    assert weights("overlap-linear", 10, 4, at_start=False, at_end=True) == pytest.approx(ramp + (1,) * 6)
    assert weights("overlap-linear", 4, 3, False, False) == (1e-37, 0.5, 0.5, 1e-37)
    assert weights("overlap-linear", 4, 0, False, False) == (1,) * 4


def test_overlap_linear_crosses_over_and_leaves_no_faint_frame() -> None:
    first, second = plan_windows(28, 0, WindowOptions("standard_static", 16, 4, fuse="overlap-linear"))
    assert first.weights == pytest.approx((1,) * 13 + (2 / 3, 1 / 3, 1e-37))
    assert second.weights == pytest.approx((1e-37, 1 / 3, 2 / 3) + (1,) * 13)
    (alone,) = plan_windows(
        12, 1, WindowOptions("looped_uniform", 12, 3, fuse="overlap-linear", use_on_equal_length=True)
    )
    assert alone.weights == (1,) * 12


def test_relative_is_the_running_mean() -> None:
    """Window after window: value = value (1 - share) + prediction share, share = bias / (bias so far + bias)."""
    rng = random.Random(3)
    windows = plan_windows(45, 0, WindowOptions("standard_static", 16, 10, fuse="relative"))
    predictions = [[rng.gauss(0, 1) for _ in window.frames] for window in windows]
    running, bias_so_far, fused = [0.0] * 45, [0.0] * 45, [0.0] * 45
    for window, predicted in zip(windows, predictions, strict=True):
        first, last = window.frames[0], window.frames[-1]
        for frame, weight, value in zip(window.frames, window.weights, predicted, strict=True):
            bias = max(0.01, 1 - abs(frame - (first + last) / 2) / ((last - first + 0.01) / 2))
            share = bias / (bias_so_far[frame] + bias)
            running[frame] = running[frame] * (1 - share) + value * share
            bias_so_far[frame] += bias
            fused[frame] += weight * value
    assert fused == pytest.approx(running, rel=1e-9)


@pytest.mark.parametrize(
    ("fuse", "rising"),
    [
        ("flat", [0.5] * 4),
        ("pyramid", [1 / 5, 2 / 5, 3 / 5, 4 / 5]),
        ("relative", [0.0244, 0.3339, 0.6661, 0.9756]),
        ("overlap-linear", [1e-37, 1 / 3, 2 / 3, 1]),
    ],
)
def test_a_window_over_the_end_weighs_like_any_other(fuse: str, rising: list[float]) -> None:
    for window in plan_windows(
        24, 0, WindowOptions("looped_uniform", 16, 4, closed_loop=True, fuse=fuse)
    ):  # 0..15 12..3
        assert window.weights == pytest.approx([*rising, *[1] * 8, *rising[::-1]], abs=1e-4)
