"""Smoothing of poses: what is calm or smooth stays, what jitters calms down, what is missing is filled."""

from itertools import pairwise

import numpy as np
import pytest
from kinema.motion.pose import OneEuro, PoseError, PoseFrame, SavitzkyGolay, smooth_poses
from kinema.motion.pose.smooth import fill_gaps

from tests.bare.pose.poses import clip, joints_of, moved, standing

SMOOTHERS = (SavitzkyGolay(), SavitzkyGolay(radius=2, degree=1), OneEuro(), OneEuro(fps=8, beta=0))
STILL = np.stack([standing()] * 20)


def jittering(seed: int = 3) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 2, (20, 136, 2)).astype(np.float32)
    return np.concatenate([STILL[..., :2] + noise, STILL[..., 2:]], -1)


@pytest.mark.parametrize("smoother", SMOOTHERS)
def test_a_constant_is_unchanged(smoother: SavitzkyGolay | OneEuro) -> None:
    np.testing.assert_allclose(joints_of(smooth_poses(clip(STILL), smoother)), STILL, atol=1e-4)


@pytest.mark.parametrize("smoother", SMOOTHERS)
def test_noise_becomes_less(smoother: SavitzkyGolay | OneEuro) -> None:
    before = jittering()
    after = joints_of(smooth_poses(clip(before), smoother))
    assert (after - STILL)[..., :2].std() < 0.75 * (before - STILL)[..., :2].std()
    assert np.diff(after, axis=0)[..., :2].std() < 0.5 * np.diff(before, axis=0)[..., :2].std()
    np.testing.assert_array_equal(after[..., 2], before[..., 2])


def test_polynomials_pass_through() -> None:
    parabola = np.stack([moved(standing(), 3 * t, 0.3 * (t - 9) ** 2) for t in range(20)])
    smoothed = joints_of(smooth_poses(clip(parabola), SavitzkyGolay(radius=4, degree=2)))
    np.testing.assert_allclose(smoothed, parabola, atol=2e-3)
    flattened = joints_of(smooth_poses(clip(parabola), SavitzkyGolay(radius=4, degree=1)))
    assert np.abs(flattened - parabola)[4:-4, :, 1].min() > 1


def test_savitzky_golay_1964() -> None:
    """Their table for 5 points of degree 2: (-3 12 17 12 -3) / 35."""
    points = np.random.default_rng(0).normal(size=(9, 3, 2))
    wanted = np.einsum("k,kij->ij", np.array([-3, 12, 17, 12, -3]) / 35, points[2:7])
    smoothed = SavitzkyGolay(radius=2, degree=2).smoothed(points, np.ones((9, 3)))
    np.testing.assert_allclose(smoothed[4], wanted, rtol=1e-12)


def test_confidence_weighs() -> None:
    """The weighted mean, in closed form."""
    points = np.zeros((3, 1, 2))
    points[2] = 6.0
    weights = np.array([[1.0], [1.0], [0.25]])
    smoothed = SavitzkyGolay(radius=1, degree=0).smoothed(points, weights)
    np.testing.assert_allclose(smoothed[1], 6 * 0.25 / 2.25)


def test_one_euro_of_a_step() -> None:
    """First-order low pass with alpha = r / (r + 1), r = 2 pi cutoff / fps; beta 0, forwards and backwards."""
    points = np.zeros((6, 1, 2))
    points[3:] = 1.0
    rate = 2 * np.pi * 1.5 / 10
    alpha = rate / (rate + 1)
    forwards = np.array([0, 0, 0, *(1 - (1 - alpha) ** np.arange(1, 4))])
    backwards = 1 - forwards[::-1]
    smoothed = OneEuro(fps=10, cutoff=1.5, beta=0).smoothed(points, np.ones((6, 1)))
    np.testing.assert_allclose(smoothed[:, 0, 0], (forwards + backwards) / 2)


def test_one_euro_2012() -> None:
    """The filter as the paper writes it, one scalar after the other, there and back."""

    def alpha(cutoff: float) -> float:
        return 1 / (1 + 25 / (2 * np.pi * cutoff))

    def one_way(values: list[float]) -> list[float]:
        found, slope = values[:1], 0.0
        for before, now in pairwise(values):
            slope += alpha(0.8) * ((now - before) * 25 - slope)
            found.append(found[-1] + alpha(1.2 + 0.3 * abs(slope)) * (now - found[-1]))
        return found

    values = np.random.default_rng(5).normal(size=12).tolist()
    wanted = (np.array(one_way(values)) + one_way(values[::-1])[::-1]) / 2
    # the other axis does not move, so the speed is that of one
    points = np.stack([np.array(values), np.zeros(12)], -1)[:, None]
    smoothed = OneEuro(fps=25, cutoff=1.2, beta=0.3, speed_cutoff=0.8).smoothed(points, np.ones((12, 1)))
    np.testing.assert_allclose(smoothed[:, 0, 0], wanted)


def test_one_euro_opens_with_speed() -> None:
    ramp = np.linspace(0, 1, 24)[:, None, None] * np.ones((1, 1, 2))
    wrong = [np.abs(OneEuro(beta=beta).smoothed(ramp, np.ones((24, 1))) - ramp).max() for beta in (0.0, 5.0, 500.0)]
    assert wrong[0] > 2 * wrong[1] > 20 * wrong[2]


def test_gaps_are_straight_lines() -> None:
    walk = np.stack([moved(standing(), 5 * frame) for frame in range(10)])
    holes = walk.copy()
    holes[3:6, 4] = 0
    holes[2:4, 7] = (-1, -1, 0.1)
    holes[:2, 9] = holes[8:, 9] = 0
    filled = fill_gaps(holes, longest=3)
    np.testing.assert_allclose(filled[:, :9], walk[:, :9], rtol=1e-5)
    np.testing.assert_array_equal(filled[:, 9], holes[:, 9])
    short = fill_gaps(holes, longest=2)
    np.testing.assert_array_equal(short[:, 4], holes[:, 4])
    np.testing.assert_allclose(short[:, 7], walk[:, 7], rtol=1e-5)


def test_a_missing_person_comes_back() -> None:
    frames = clip(STILL)
    frames[7] = frames[8] = PoseFrame((), 400, 400)
    assert [len(frame.people) for frame in smooth_poses(frames, SavitzkyGolay(), longest_gap=2)] == [1] * 20
    assert [len(frame.people) for frame in smooth_poses(frames, SavitzkyGolay(), longest_gap=1)][6:10] == [1, 0, 0, 1]


@pytest.mark.parametrize("smoother", SMOOTHERS)
def test_what_is_not_known_has_no_say(smoother: SavitzkyGolay | OneEuro) -> None:
    joints = STILL.copy()
    joints[:6, 4] = (-1, -1, 0.1)
    joints[::2, 5] = 0
    smoothed = joints_of(smooth_poses(clip(joints), smoother, longest_gap=0))
    np.testing.assert_allclose(smoothed, joints, atol=1e-4)


def test_two_people_that_swap_places_in_the_list() -> None:
    far = np.stack([moved(standing(1), 150)] * 20)
    frames = [
        PoseFrame(frame.people[:: -1 if number % 2 else 1], 400, 400) for number, frame in enumerate(clip(STILL, far))
    ]
    smoothed = smooth_poses(frames, OneEuro())
    np.testing.assert_allclose(joints_of(smoothed, 0), STILL, atol=1e-4)
    np.testing.assert_allclose(joints_of(smoothed, 1), far, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("smoother", [*SMOOTHERS, SavitzkyGolay(radius=240, degree=5)])
def test_short_clips(count: int, smoother: SavitzkyGolay | OneEuro) -> None:
    np.testing.assert_allclose(joints_of(smooth_poses(clip(STILL[:count]), smoother)), STILL[:count], atol=1e-4)


def test_the_hardest_polynomial_stays_finite() -> None:
    joints = jittering()
    joints[..., 2] = np.random.default_rng(1).choice([1e-30, 0.0, 1.0], joints.shape[:2])
    for degree in range(6):
        frames = smooth_poses(clip(joints), SavitzkyGolay(radius=5, degree=degree), threshold=0.0)
        assert np.isfinite(joints_of(frames)).all()
        assert np.abs(joints_of(frames)).max() < 1000


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: SavitzkyGolay(radius=0), "degree 2 cannot smooth 1 frames"),
        (lambda: SavitzkyGolay(radius=1, degree=3), "at most twice the radius"),
        (lambda: SavitzkyGolay(radius=9, degree=6), "degree of 0 to 5"),
        (lambda: OneEuro(fps=0), "at 0 fps"),
        (lambda: OneEuro(cutoff=float("nan")), "cutoff nan"),
        (lambda: OneEuro(beta=-1), "beta -1"),
        (lambda: smooth_poses(clip(STILL), OneEuro(), threshold=2), "Threshold 2 must lie in 0..1"),
        (lambda: smooth_poses(clip(STILL), OneEuro(), longest_gap=-1), "longest gap -1"),
        (lambda: smooth_poses([], OneEuro()), "no frames"),
    ],
)
def test_answers(build, words: str) -> None:
    with pytest.raises(PoseError, match=words):
        build()
