"""Retargeting: the target's limbs and place, the motion's angles."""

import numpy as np
import pytest
from kinema.motion.pose import Person, PoseError, PoseFrame, retarget_poses
from kinema.motion.pose.retarget import LIMBS, limb_scales

from tests.bare.pose.poses import STANDING, clip, joints_of, moved, standing

STARTS, ENDS = np.array(LIMBS).T


def dancing(frames: int = 8) -> np.ndarray:
    """Arms and legs turn about shoulders and hips, the body sways."""
    result = np.stack([moved(standing(), 4 * frame, frame) for frame in range(frames)])
    for frame, joints in enumerate(result):
        for root, chain, speed in ((2, (3, 4), 0.2), (5, (6, 7), -0.15), (8, (9, 10), 0.05), (11, (12, 13), -0.04)):
            c, s = np.cos(speed * frame), np.sin(speed * frame)
            joints[list(chain), :2] = (joints[list(chain), :2] - joints[root, :2]) @ [[c, s], [-s, c]] + joints[
                root, :2
            ]
    return result


def limbs(joints: np.ndarray) -> np.ndarray:
    return joints[..., ENDS, :2] - joints[..., STARTS, :2]


def lengths(joints: np.ndarray) -> np.ndarray:
    return np.linalg.norm(limbs(joints), axis=-1)


def other_body() -> np.ndarray:
    """Long arms, short legs, a large head, elsewhere in its canvas."""
    joints = standing(4)
    factors = (
        dict.fromkeys((3, 4, 6, 7), 1.4) | dict.fromkeys((9, 10, 12, 13), 0.6) | dict.fromkeys((0, 14, 15, 16, 17), 1.3)
    )
    for start, end in LIMBS:
        joints[end, :2] = joints[start, :2] + (STANDING[end] - STANDING[start]) * factors.get(end, 1.0)
    return moved(joints, 90, 140)


def frame_of(*people: np.ndarray, width: int = 512, height: int = 640) -> PoseFrame:
    return PoseFrame(tuple(map(Person, people)), width, height)


@pytest.mark.parametrize("measured", [0, 5])
def test_to_itself_is_the_identity(measured: int) -> None:
    dance = dancing()
    frames = retarget_poses(clip(dance), frame_of(dance[measured], width=400, height=400), measured)
    np.testing.assert_allclose(joints_of(frames), dance, atol=1e-3)


def test_to_a_scaled_skeleton_is_that_scale() -> None:
    """Everything scales alike, hands, face, feet and the way it goes."""
    dance = dancing()
    frames = retarget_poses(clip(dance), frame_of(moved(dance[0], 30, 60, scale=1.5)))
    np.testing.assert_allclose(joints_of(frames), moved(dance, 30, 60, scale=1.5), atol=2e-3)
    np.testing.assert_allclose(lengths(joints_of(frames)), 1.5 * lengths(dance), rtol=1e-4)
    assert (frames[0].width, frames[0].height) == (512, 640)


def test_to_another_body_takes_its_limbs_and_keeps_angles() -> None:
    dance, body = dancing(), other_body()
    moved_on = joints_of(retarget_poses(clip(dance), frame_of(body)))
    np.testing.assert_allclose(lengths(moved_on)[0], lengths(body), rtol=1e-4)
    np.testing.assert_allclose(
        lengths(moved_on) / lengths(dance), np.tile(lengths(body) / lengths(dance[0]), (8, 1)), rtol=1e-3
    )
    angles = [np.arctan2(*np.moveaxis(limbs(joints), -1, 0)) for joints in (moved_on, dance)]
    np.testing.assert_allclose(angles[0], angles[1], atol=1e-4)
    np.testing.assert_allclose(moved_on[0, 1, :2], body[1, :2], atol=1e-3)
    # a wrist carries its hand, a nose the face
    for part, root in ((slice(94, 115), 4), (slice(115, 136), 7)):
        np.testing.assert_allclose(
            moved_on[:, part, :2] - moved_on[:, [root], :2], dance[:, part, :2] - dance[:, [root], :2], atol=1e-3
        )
    np.testing.assert_array_equal(moved_on[..., 2], dance[..., 2])


def test_a_hidden_limb_takes_its_twin() -> None:
    body = other_body()
    body[[3, 4]] = 0
    _, scales = limb_scales(standing(), body)
    np.testing.assert_allclose(scales[[3, 4]], 1.4, rtol=0.02)
    body[[6, 7]] = 0
    whole, scales = limb_scales(standing(), body)
    np.testing.assert_allclose(scales[[3, 4, 6, 7]], whole)
    assert whole == pytest.approx(1, rel=1e-5)


def test_a_limb_towards_the_camera_is_bounded() -> None:
    sample = standing()
    sample[4, :2] = sample[3, :2] + (0.01, 0)
    whole, scales = limb_scales(sample, standing())
    assert scales[4] == pytest.approx(4 * whole)


@pytest.mark.parametrize("hidden", [[3], [1], [1, 2], [8, 11], [0], list(range(8))])
def test_hidden_joints_of_the_motion(hidden: list[int]) -> None:
    """What is left still scales as one body, and what is not known stays so."""
    dance = dancing()
    dance[3:5, hidden] = 0
    frames = joints_of(retarget_poses(clip(dance), frame_of(moved(dance[0], 0, 0, scale=2.0))))
    known = dance[..., 2] > 0
    wanted = moved(dance, 0, 0, scale=2.0)
    shift = frames[..., :2] - wanted[..., :2]
    for frame in range(8):
        # without the neck the root is another point, so the place may differ but for all joints alike
        assert np.ptp(shift[frame][known[frame]], axis=0).max() < 2e-3
    assert not frames[~known].any()


@pytest.mark.parametrize("guess", [(0, 0, 0), (-1, -1, 0.05)])
def test_a_limb_without_its_start_hangs_on_the_next(guess: tuple[float, float, float]) -> None:
    """The elbow is hidden, or a guess far off: the wrist hangs on the shoulder, at the scale of the whole body."""
    dance, body = dancing(), other_body()
    dance[3, 3] = guess
    frames = joints_of(retarget_poses(clip(dance), frame_of(body)))
    whole, _ = limb_scales(dance[0], body)
    wanted = whole * (dance[3, 4, :2] - dance[3, 2, :2])
    np.testing.assert_allclose(frames[3, 4, :2] - frames[3, 2, :2], wanted, atol=1e-3)


def test_people_are_paired_from_left_to_right() -> None:
    left, right = dancing(), moved(dancing(), 170)
    fleeting = clip(right, left)
    fleeting[2] = PoseFrame((*fleeting[2].people, Person(moved(standing(), 0, 190))), 400, 400)
    frames = retarget_poses(fleeting, frame_of(moved(right[0], 20), moved(left[0], -10)))
    assert [len(frame.people) for frame in frames] == [2] * 8
    by_place = [sorted(frame.people, key=lambda person: float(person.joints[1, 0])) for frame in frames]
    np.testing.assert_allclose(np.stack([pair[0].joints for pair in by_place]), moved(left, -10), atol=1e-3)
    np.testing.assert_allclose(np.stack([pair[1].joints for pair in by_place]), moved(right, 20), atol=1e-3)


def test_someone_not_in_the_measured_frame() -> None:
    dance = dancing()
    frames = clip(dance)
    frames[0] = frames[7] = PoseFrame((), 400, 400)
    for measured, shown in ((0, 1), (7, 6)):
        result = retarget_poses(frames, frame_of(moved(dance[shown], 9)), measured)
        np.testing.assert_allclose(joints_of(result[1:7]), moved(dance[1:7], 9), atol=1e-3)


def test_answers() -> None:
    dance, face = clip(dancing()), standing()
    face[:24] = face[94:] = 0
    legs, arm = np.zeros_like(face), np.zeros_like(face)
    legs[8:11], arm[2:5] = standing()[8:11], standing()[2:5]
    for act, words in (
        (lambda: retarget_poses([], frame_of(standing())), "no frames"),
        (lambda: retarget_poses(dance, frame_of(standing()), 8), "no frame 8 to measure: the poses have frames 0 to 7"),
        (lambda: retarget_poses(dance, frame_of()), "The pose of the picture shows no body"),
        (lambda: retarget_poses(dance, frame_of(face)), "The pose of the picture shows no body"),
        (lambda: retarget_poses(clip(face[None]), frame_of(standing())), "The poses show no body to move"),
        (lambda: retarget_poses(clip(legs[None]), frame_of(arm)), "no limb in common"),
    ):
        with pytest.raises(PoseError, match=words):
            act()
