"""Poses at other rates and lengths: straight motion stays exact."""

import math

import numpy as np
import pytest
from kinema.motion.pose import PoseError, PoseFrame, pingpong, retime_to_fps, retime_to_length
from kinema.motion.pose.retime import retime

from tests.bare.pose.poses import clip, joints_of, moved, standing


def walk(times: np.ndarray) -> np.ndarray:
    return np.stack([moved(standing(), 8 * time, 2 * time) for time in times])


CLIP = clip(walk(np.arange(9)))


@pytest.mark.parametrize("length", [1, 2, 9, 17, 30])
def test_length(length: int) -> None:
    wanted = walk(np.linspace(0, 8, length))
    np.testing.assert_allclose(joints_of(retime_to_length(CLIP, length)), wanted, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("fps", "wanted", "length"), [(8, 8, 9), (8, 24, 27), (24, 8, 3), (30, 24, 7), (8, 12.5, 14)])
def test_rate(fps: float, wanted: float, length: int) -> None:
    frames = retime_to_fps(CLIP, fps, wanted)
    assert len(frames) == length
    expected = walk(np.minimum(np.arange(length) * fps / wanted, 8))
    np.testing.assert_allclose(joints_of(frames), expected, rtol=1e-5, atol=1e-4)


def test_pingpong() -> None:
    for count, order in ((1, [0]), (2, [0, 1]), (3, [0, 1, 2, 1]), (4, [0, 1, 2, 3, 2, 1])):
        assert pingpong(CLIP[:count]) == [CLIP[number] for number in order]


def test_any_order_of_positions() -> None:
    times = np.array([7.5, 0.25, 3.0, -1.0, 99.0])
    wanted = walk(np.clip(times, 0, 8))
    np.testing.assert_allclose(joints_of(retime(CLIP, times)), wanted, rtol=1e-5, atol=1e-4)


def test_people_come_and_go() -> None:
    """Someone in frames 2 to 4 is seen from half a frame before to half a frame after."""
    frames = [frame if 2 <= number <= 4 else PoseFrame((), 400, 400) for number, frame in enumerate(CLIP)]
    seen = [len(frame.people) for frame in retime_to_length(frames, 33)]
    assert [number / 4 for number, count in enumerate(seen) if count] == [
        1.75,
        2,
        2.25,
        2.5,
        2.75,
        3,
        3.25,
        3.5,
        3.75,
        4,
        4.25,
        4.5,
    ]
    backwards = [len(frame.people) for frame in retime(frames, np.array([8.0, 3.0, 0.0, 3.5]))]
    assert backwards == [0, 1, 0, 1]


def test_guessed_places_do_not_pull() -> None:
    joints = walk(np.arange(2))
    joints[1, 4] = (-1, -1, 0.1)
    frames = retime(clip(joints), np.array([0.25, 0.75]))
    np.testing.assert_array_equal(joints_of(frames)[:, 4], joints[:, 4])


@pytest.mark.parametrize("length", [0, -1, 100_001])
def test_lengths_that_cannot_be(length: int) -> None:
    with pytest.raises(PoseError, match="Give a length from 1 to 100000"):
        retime_to_length(CLIP, length)


@pytest.mark.parametrize(("fps", "wanted"), [(0, 8), (8, 0), (math.nan, 8), (8, math.inf), (-1, 8)])
def test_rates_that_cannot_be(fps: float, wanted: float) -> None:
    with pytest.raises(PoseError, match="Give two rates above 0"):
        retime_to_fps(CLIP, fps, wanted)


def test_nothing_to_retime() -> None:
    for act in (lambda: retime_to_length([], 4), lambda: retime_to_fps([], 8, 8)):
        with pytest.raises(PoseError, match="frames"):
            act()
    with pytest.raises(PoseError, match="Poses cannot have 9e"):
        retime_to_fps(CLIP, 1, 1e9)
