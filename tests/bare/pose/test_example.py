"""The walking figure: a body of fixed lengths that loops and stays in its canvas."""

import numpy as np
import pytest
from kinema.motion.pose import PoseError, as_keypoints, parse_poses, walking

from tests.bare.pose.poses import joints_of


@pytest.mark.parametrize(("frames", "size"), [(1, (512, 512)), (16, (512, 768)), (24, (1024, 512)), (100, (256, 768))])
def test_it_stays_in_its_canvas(frames: int, size: tuple[int, int]) -> None:
    figure = walking(frames, *size)
    assert len(figure) == frames
    assert {(frame.width, frame.height) for frame in figure} == {size}
    body = joints_of(figure)[:, :18]
    known = body[body[..., 2] > 0]
    assert (known[:, :2] > 4).all()
    assert (known[:, :2] < np.array(size) - 4).all()


def test_it_loops_and_never_jumps() -> None:
    points = joints_of(walking(20))[:, :18, :2]
    np.testing.assert_allclose(points[10], points[0], atol=1e-3)
    steps = np.linalg.norm(np.diff(np.concatenate((points, points[:1])), axis=0), axis=-1)
    assert steps[:, :14].max() < 80
    assert steps[:, 10].min() > 1


def test_one_foot_is_on_the_ground() -> None:
    ankles = joints_of(walking(40))[:, (10, 13), 1]
    np.testing.assert_allclose(ankles.max(1), 0.93 * 512, rtol=1e-5)
    assert np.ptp(ankles[:, 0]) > 20


def test_half_a_stride_later_the_other_side_does_the_same() -> None:
    """Heights do not depend on the side."""
    height = joints_of(walking(10))[:, :18, 1]
    np.testing.assert_allclose(height[:, 2:5], np.roll(height[:, 5:8], 5, axis=0), atol=1e-3)
    np.testing.assert_allclose(height[:, 8:11], np.roll(height[:, 11:14], 5, axis=0), atol=1e-3)


def test_it_is_a_pose_like_any_other() -> None:
    figure = walking(4)
    np.testing.assert_array_equal(joints_of(parse_poses(as_keypoints(figure))), joints_of(figure))


@pytest.mark.parametrize("frames", [0, -1, 100_001])
def test_answers(frames: int) -> None:
    with pytest.raises(PoseError, match="Give 1 to 100000"):
        walking(frames)
