"""Poses in and out of OpenPose JSON: what is read, what is answered, and that nothing else happens."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kinema.motion.pose import (
    PARTS,
    Person,
    PoseError,
    PoseFrame,
    as_keypoints,
    parse_pose_text,
    parse_poses,
    read_pose_files,
)
from kinema.motion.pose.people import canvas

from tests.bare.pose.poses import STANDING, clip, joints_of, moved, standing

BODY = "pose_keypoints_2d"


def flat(count: int = 18, offset: float = 10.0) -> list[float]:
    return [value for joint in range(count) for value in (offset + joint, 2 * offset + joint, 0.5)]


def frame(**person: Any) -> dict[str, Any]:
    return {"canvas_width": 64, "canvas_height": 48, "people": [{BODY: flat(), **person}]}


def test_what_is_written_is_read() -> None:
    frames = clip(np.stack([standing(), standing(1)]), np.stack([moved(standing(2), 50), standing(3)]))
    read = parse_pose_text(json.dumps(as_keypoints(frames)))
    for number in (0, 1):
        np.testing.assert_array_equal(joints_of(read, number), joints_of(frames, number))
    assert canvas(read) == (400, 400)
    assert as_keypoints(parse_poses(as_keypoints(frames))) == as_keypoints(frames)


def test_written_as_the_host_draws_it() -> None:
    """Its drawing node reshapes each of these lists to so many joints, and fails on a person without one."""
    joints = np.zeros_like(standing())
    joints[:18] = standing()[:18]
    (written,) = as_keypoints([PoseFrame((Person(joints),), 64, 48)])
    assert (written["canvas_width"], written["canvas_height"]) == (64, 48)
    counts = {key: len(values) for key, values in written["people"][0].items()}
    assert counts == {key: 3 * (where.stop - where.start) for key, where in PARTS.items()}
    assert list(counts.values()) == [54, 18, 210, 63, 63]


def test_parts_that_are_not_there() -> None:
    """As controlnet_aux writes them: None."""
    (read,) = parse_poses(frame(face_keypoints_2d=None, hand_left_keypoints_2d=flat(21)))
    (person,) = read.people
    assert person.body is not None
    assert person.body.tolist() == np.reshape(flat(), (-1, 3)).tolist()
    assert person.left_hand is not None
    assert (person.face, person.feet, person.right_hand) == (None, None, None)


def test_bodies_of_25_joints() -> None:
    (read,) = parse_poses({**frame(), "people": [{BODY: flat(25)}]})
    person = read.people[0]
    assert person.body is not None
    assert person.feet is not None
    # x is 10 + the number among the 25; 8 is the middle of the hips
    assert (person.body[:, 0] - 10).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    assert (person.feet[:, 0] - 10).tolist() == [19, 20, 21, 22, 23, 24]


def test_faces_of_68_joints_get_the_eyes() -> None:
    (read,) = parse_poses(frame(face_keypoints_2d=flat(68)))
    face = read.people[0].face
    assert face is not None
    assert face[68:, 0].tolist() == [10 + 14, 10 + 15]


def test_people_without_a_joint_are_left_out() -> None:
    entry = frame()
    entry["people"] += [{BODY: [0.0] * 54}, {BODY: None}, {BODY: []}]
    read = parse_poses([entry, {**frame(), "people": []}])
    assert [len(one.people) for one in read] == [1, 0]


def test_parts_of_the_canvas_become_pixels() -> None:
    values = [part for x, y in STANDING / 400 for part in (float(x), float(y), 1.0)]
    few = {BODY: [0.5, 0.5, 1.0] + [0.0] * 51}
    sizes = {"canvas_width": 400, "canvas_height": 800}
    read = parse_poses([{**sizes, "people": [{BODY: values}]}, {**sizes, "people": [few]}])
    body = read[0].people[0].body
    assert body is not None
    np.testing.assert_allclose(body[:, :2], STANDING * (1, 2), rtol=1e-6)
    assert read[1].people[0].joints[0].tolist() == [200, 400, 1]
    kept = parse_poses([{**sizes, "people": [{BODY: values}]}], units="pixels")[0].people[0].body
    assert kept is not None
    np.testing.assert_array_equal(kept[:, :2], (STANDING / 400).astype(np.float32))


def test_a_single_pixel_joint_near_the_corner_is_no_unit() -> None:
    corner = {**frame(), "people": [{BODY: [1.0, 1.0, 1.0] + [0.0] * 51}]}
    assert parse_poses([frame(), corner])[1].people[0].joints[0].tolist() == [1, 1, 1]


def test_confidence_is_cut() -> None:
    read = parse_poses(frame(pose_keypoints_2d=[5.0, 6.0, 1.25, 7.0, 8.0, -0.5] + [9.0, 9.0, 0.5] * 16))
    assert read[0].people[0].joints[:2, 2].tolist() == [1, 0]


def test_files(tmp_path: Path) -> None:
    """One frame a file as OpenPose writes them, without a size, and a list; one unit for all together."""
    single = {"version": 1.3, "people": [{"person_id": [-1], BODY: flat(25), "pose_keypoints_3d": []}]}
    (tmp_path / "a.json").write_text(json.dumps(single), encoding="utf-8-sig")
    (tmp_path / "b.json").write_text(json.dumps([frame(), frame()]))
    paths = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    assert [(one.width, one.height) for one in read_pose_files(paths, (64, 48))] == [(64, 48)] * 3
    for size, words in ((None, 'a.json, frame 0: "canvas_width" is missing'), ((32, 32), "frame 1 has a canvas")):
        with pytest.raises(PoseError, match=f"(?i){words}"):
            read_pose_files(paths, size)
    (tmp_path / "c.json").write_bytes(b"\xff\xfe\x00")
    with (tmp_path / "d.json").open("wb") as file:
        file.truncate((64 << 20) + 1)
    for name, words in (
        ("c", "c.json is no text"),
        ("d", "up to d.json are larger than 64 MB"),
        ("e", "cannot be opened"),
    ):
        with pytest.raises(PoseError, match=words):
            read_pose_files([str(tmp_path / f"{name}.json")])
    with pytest.raises(PoseError, match="no frames"):
        read_pose_files([])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "is None, not a frame of OpenPose JSON"),
        ([], "The pose is empty, it has no frames. Connect or choose"),
        ([None] * 100_001, "has 100001 frames; 100000 are the most"),
        ("text", "is 'text', not a frame"),
        ([[frame()]], 'frame 0: found a list instead of an object with "people"'),
        ([frame(), 3], "frame 1: found 3 instead"),
        ([{**frame(), "people": None}], '"people" is None, not a list. Give \\[\\]'),
        ([{"canvas_width": 8, "canvas_height": 8, "animals": []}], "Poses of animals cannot be used"),
        ([{**frame(), "people": []}], "shows nobody in any of its 1 frames"),
        ([{**frame(), "people": [3]}], 'person 0: found 3 instead of an object with "pose_keypoints_2d"'),
        ([{**frame(), "people": [{"keypoints": []}]}], '"pose_keypoints_2d" is missing'),
        ([{**frame(), "canvas_width": 10**400}], "a number of many digits. Give the size in whole pixels"),
        ([{**frame(), "canvas_height": 0}], '"canvas_height" is 0'),
        ([{**frame(), "canvas_height": 8.5}], '"canvas_height" is 8.5'),
        ([{**frame(), "canvas_height": float("nan")}], '"canvas_height" is nan'),
        ([{**frame(), "canvas_height": True}], '"canvas_height" is True'),
        ([frame(), {**frame(), "canvas_width": 65}], "Frame 1 has a canvas of 65x48 pixels, frame 0 has 64x48"),
        (frame(pose_keypoints_2d=flat(17)), "has 51 entries, the 17 joints of COCO and not OpenPose's.*54 or 75 num"),
        (frame(pose_keypoints_2d=flat(133)), "399 entries, the 133 joints of COCO-WholeBody and not OpenPose's"),
        (frame(pose_keypoints_2d=[[1.0, 2.0]] * 33), "33 entries, the 33 joints of MediaPipe"),
        (frame(pose_keypoints_2d=flat(19)), 'frame 0, person 0: "pose_keypoints_2d" has 57 entries. Give a flat'),
        (frame(hand_left_keypoints_2d=flat(17)), '"hand_left_keypoints_2d" has 51 entries. Give'),
        ([{**frame(), "people": [{"keypoints": flat(17)}]}], '"keypoints" has 51 entries, the 17 joints of COCO'),
        (frame(face_keypoints_2d=flat(69)), '"face_keypoints_2d" has 207 entries.*210 or 204'),
        (frame(hand_left_keypoints_2d=flat(20)), '"hand_left_keypoints_2d" has 60 entries.*63 numbers'),
        (frame(hand_left_keypoints_2d={}), '"hand_left_keypoints_2d" is an object'),
        (frame(pose_keypoints_2d=[[1.0, 2.0, 1.0]] * 18), "has 18 entries. Give a flat list"),
        (frame(pose_keypoints_2d=[[1.0, 2.0, 1.0]] * 54), "entry 0 is a list, no number"),
        (frame(pose_keypoints_2d=["1"] * 54), "entry 0 is '1', no number"),
        (frame(pose_keypoints_2d=[True] * 54), "entry 0 is True, no number"),
        (frame(pose_keypoints_2d=[*flat(18)[:-1], float("nan")]), "entry 53 is nan; coordinates must be finite"),
        (frame(pose_keypoints_2d=[float("-inf"), *flat(18)[1:]]), "entry 0 is -inf"),
        (frame(pose_keypoints_2d=[10**400, *flat(18)[1:]]), "entry 0 is a number of many digits"),
        (frame(pose_keypoints_2d=[1e7, *flat(18)[1:]]), "entry 0 is 10000000.0; .* at most a million"),
        ({**frame(), "people": [{BODY: [0.0] * 100_001}]}, "holds 100001 numbers; 100000 are the most"),
        ({**frame(), "people": [{}] * 100_001}, "holds 100001 numbers"),
        ([frame(), frame(pose_keypoints_2d=[0.5] * 54)], "frame 1 has coordinates in 0..1 and frame 0 in pixels"),
    ],
)
def test_answers(value: object, words: str) -> None:
    with pytest.raises(PoseError, match=words):
        parse_poses(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not complete JSON"),
        (json.dumps(as_keypoints(clip(standing()[None])))[:-9], "not complete JSON"),
        ('[{"people": NaN}]', "holds NaN, which is no coordinate"),
        ("[-Infinity]", "holds -Infinity"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("[" + "[]," * 4_000_001 + "[]]", "too long"),
        ("9" * 10_000, "not complete JSON"),
    ],
)
def test_texts_that_are_no_pose(text: str, words: str) -> None:
    with pytest.raises(PoseError, match=words):
        parse_pose_text(text)


def test_units_that_do_not_exist() -> None:
    with pytest.raises(PoseError, match="auto, pixels, normalised"):
        parse_poses(frame(), units="inches")


def test_any_change_of_a_pose_is_read_or_answered() -> None:
    """20,000 texts with bytes or values replaced, deleted or doubled."""
    chance = random.Random(7)
    small = json.dumps([frame(hand_left_keypoints_2d=flat(21)), frame(face_keypoints_2d=None)])
    odd: list[Any] = [None, True, -1, 0, 1e300, 10**30, "x", [], {}, [[]], 1.5, flat(25), [0.0] * 54, {BODY: flat()}]
    results, longest = {True: 0, False: 0}, 0
    for case in range(20_000):
        text = _bytes_changed(small, chance) if case % 2 else json.dumps(_value_changed(json.loads(small), odd, chance))
        try:
            frames = parse_pose_text(text)
        except PoseError as error:
            results[False] += 1
            longest = max(longest, len(str(error)))
            continue
        results[True] += 1
        for one in frames:
            assert 1 <= min(one.width, one.height) <= max(one.width, one.height) <= 1 << 15
            for person in one.people:
                assert person.joints.shape == (136, 3)
                assert np.isfinite(person.joints).all()
                assert 0 <= person.joints[:, 2].min() <= person.joints[:, 2].max() <= 1
    assert min(results.values()) > 1_000
    assert longest < 400


def _bytes_changed(text: str, chance: random.Random) -> str:
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(text))
        piece = chance.choice(
            ('"', "[", "]", "{", "}", ",", ":", "-", "e9", "0", "1e999", "NaN", "null", "\\", "\ud800")
        )
        text = text[:at] + chance.choice((piece, "", text[at : at + 9] * 2)) + text[at + chance.randrange(3) :]
    return text


def _value_changed(value: Any, odd: list[Any], chance: random.Random) -> Any:
    """The value with one of its parts, at any depth, replaced, removed or doubled."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.15:
        return chance.choice(odd)
    key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    action = chance.random()
    if action < 0.1:
        del value[key]
    elif action < 0.2 and isinstance(value, list):
        value.insert(key, value[key])
    else:
        value[key] = _value_changed(value[key], odd, chance)
    return value
