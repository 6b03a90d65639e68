"""People keep their identity in whatever order a detector lists them."""

import numpy as np
import pytest
from kinema.motion.pose import Person, PoseError, PoseFrame
from kinema.motion.pose.tracks import Track, frames_of, track_people

from tests.bare.pose.poses import clip, joints_of, moved, standing

WALK = np.stack([moved(standing(), 6 * frame) for frame in range(12)])
BACK = np.stack([moved(standing(1), 150 - 6 * frame, 8) for frame in range(12)])


def test_swapped_order() -> None:
    shuffled = [
        PoseFrame(frame.people[:: -1 if number % 3 else 1], frame.width, frame.height)
        for number, frame in enumerate(clip(WALK, BACK))
    ]
    first, second = track_people(shuffled)
    np.testing.assert_array_equal(first.joints, WALK)
    np.testing.assert_array_equal(second.joints, BACK)
    ordered = frames_of([first, second], 12, 400, 400)
    np.testing.assert_array_equal(joints_of(ordered, 1), BACK)


def test_the_gate_separates() -> None:
    jump = clip(np.stack([standing(), moved(standing(), 100)]))
    diagonal = 400 * 2**0.5
    assert len(track_people(jump, gate=101 / diagonal)) == 1
    assert [track.start for track in track_people(jump, gate=99 / diagonal)] == [0, 1]


def test_missing_for_a_while_is_the_same_person() -> None:
    frames = clip(WALK)
    for hidden in (4, 5, 6):
        frames[hidden] = PoseFrame((), 400, 400)
    (track,) = track_people(frames, patience=3)
    assert track.joints.shape == WALK.shape
    assert not track.joints[4:7].any()
    assert [track.start for track in track_people(frames, patience=2)] == [0, 7]


def test_whoever_is_missing_walks_on() -> None:
    """6 pixels a frame: 18 after two missing frames, 24 after three, which is more than three gates of 7."""
    gate = 7 / (400 * 2**0.5)
    for hidden, starts in ((range(4, 6), [0]), (range(4, 7), [0, 7])):
        frames = [PoseFrame((), 400, 400) if number in hidden else frame for number, frame in enumerate(clip(WALK))]
        assert [track.start for track in track_people(frames, gate)] == starts


def test_hidden_joints_are_remembered() -> None:
    """Only the upper body, then only the legs: nothing is shared with the frame before, but with the one before it."""
    upper, legs = standing(), moved(standing(), 2)
    upper[8:] = 0
    legs[:8] = legs[18:] = 0
    frames = [PoseFrame((Person(joints),), 400, 400) for joints in (standing(), upper, legs, upper)]
    assert len(track_people(frames)) == 1


def test_junk_below_the_threshold_does_not_tell_people_apart() -> None:
    """SDPose puts joints it does not see at (-1, -1) with a low confidence."""
    joints = WALK.copy()
    joints[::2, 8:14] = (-1, -1, 0.05)
    assert len(track_people(clip(joints), gate=0.02)) == 1


def test_a_lone_hand_is_followed() -> None:
    hand = WALK.copy()
    hand[:, :94] = 0
    assert len(track_people(clip(hand))) == 1


def test_frames_without_anyone() -> None:
    assert track_people([PoseFrame((), 8, 8)] * 3) == []
    assert [frame.people for frame in frames_of([Track(0, WALK[:0])], 2, 8, 8)] == [(), ()]


@pytest.mark.parametrize("settings", [{"gate": -1}, {"gate": float("nan")}, {"patience": -1}])
def test_settings(settings: dict) -> None:
    with pytest.raises(PoseError, match="Give 0 or more"):
        track_people(clip(WALK), **settings)


def test_sequences_that_cannot_be() -> None:
    with pytest.raises(PoseError, match="no frames"):
        track_people([])
    with pytest.raises(PoseError, match="Frame 1 has a canvas of 9x8"):
        track_people([PoseFrame((), 8, 8), PoseFrame((), 9, 8)])
