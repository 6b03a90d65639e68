"""Pose nodes in the host: files of its input folder, its drawing node, its memory."""

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comfy.model_management
import folder_paths
import numpy as np
import pytest
import torch
from kinema.motion.pose import Person, PoseError, PoseFrame, as_keypoints, parse_poses, walking
from kinema.nodes.host.pose import files as pose_files
from kinema.nodes.pose import DrawPose, LoadPose, RetargetPose, RetimePose, SmoothPose
from kinema.nodes.pose.load import EXAMPLE

from tests.bare.pose.poses import clip, joints_of, moved, standing


@pytest.fixture
def inputs(tmp_path: Path) -> Iterator[Path]:
    """The host's input folder: two files, a folder of frames, and things that are no poses."""
    before = folder_paths.get_input_directory()
    folder_paths.set_input_directory(str(tmp_path))
    for number in (1, 2, 10):
        write(tmp_path / "dance" / f"frame_{number}.json", walking(1, 100 + number, 200))
    write(tmp_path / "walk10.json", walking(10))
    write(tmp_path / "walk9.JSON", walking(9))
    (tmp_path / "example.png").touch()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").touch()
    yield tmp_path
    folder_paths.set_input_directory(before)


def write(path: Path, frames: list[PoseFrame]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(as_keypoints(frames)))


def run(node: Any, *values: Any, **settings: Any) -> Any:
    return node.execute(*values, **settings).result[0]


def test_names_are_sorted_by_their_numbers(inputs: Path) -> None:
    assert pose_files.pose_names() == ["walk9.JSON", "walk10.json", "dance/"]
    names = [os.path.basename(path) for path in pose_files.pose_paths("dance/")]
    assert names == ["frame_1.json", "frame_2.json", "frame_10.json"]
    folder_paths.set_input_directory(str(inputs / "nowhere"))
    assert pose_files.pose_names() == []


def test_files_and_folders_load(inputs: Path) -> None:
    assert run(LoadPose, "walk10.json") == as_keypoints(walking(10))
    for number in (1, 2, 10):
        write(inputs / "dance" / f"frame_{number}.json", [PoseFrame((Person(moved(standing(), number)),), 400, 400)])
    assert [frame["people"][0]["pose_keypoints_2d"][0] for frame in run(LoadPose, "dance/")] == [201, 202, 210]


def test_a_text_is_read_instead_and_the_example_has_a_length() -> None:
    text = json.dumps(as_keypoints(walking(3)))
    assert run(LoadPose, EXAMPLE, text=text) == as_keypoints(walking(3))
    assert run(LoadPose, EXAMPLE, frames=5, width=320) == as_keypoints(walking(5, 320, 512))


def test_files_without_a_size_take_the_one_given(inputs: Path) -> None:
    frame = as_keypoints(walking(1))[0]
    (inputs / "openpose.json").write_text(json.dumps({"version": 1.3, "people": frame["people"]}))
    assert run(LoadPose, "openpose.json", width=512, height=512) == [frame]
    assert "Give the width and height" in str(LoadPose.validate_inputs("openpose.json"))


def test_a_pose_that_changes_on_disk_loads_again(inputs: Path) -> None:
    seen = [LoadPose.fingerprint_inputs(name) for name in ("walk10.json", "dance/", "walk10.json", "dance/")]
    assert seen[:2] == seen[2:]
    write(inputs / "walk10.json", walking(11))
    assert LoadPose.fingerprint_inputs("walk10.json") != seen[0]
    write(inputs / "dance" / "frame_3.json", walking(1))
    added = LoadPose.fingerprint_inputs("dance/")
    assert added != seen[1]
    (inputs / "dance" / "frame_3.json").unlink()
    assert LoadPose.fingerprint_inputs("dance/") == seen[1]
    assert LoadPose.fingerprint_inputs("gone.json") == LoadPose.fingerprint_inputs("gone.json")


@pytest.mark.parametrize("name", ["gone.json", "gone/", "pictures/", "/", "../x.json", "..", "../", "dance/../x.json"])
def test_what_is_not_in_the_input_folder_is_answered(inputs: Path, name: str) -> None:
    write(inputs.parent / "x.json", walking(1))
    answer = LoadPose.validate_inputs(name)
    assert isinstance(answer, str)
    assert "There is no" in answer
    with pytest.raises(FileNotFoundError):
        LoadPose.execute(name)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pose": "bad.json"}, "bad.json is not complete JSON"),
        ({"pose": "dance/"}, "Frame 1 has a canvas of 102x200 pixels, frame 0 has 101x200"),
        ({"pose": EXAMPLE, "text": "{}"}, 'The text, frame 0: "people" is None'),
        ({"pose": EXAMPLE, "text": "[" * 100_000}, "The text is nested too deeply"),
        ({"pose": EXAMPLE, "frames": 0}, "Give 1 to 100000"),
        ({"pose": EXAMPLE, "width": 100_000}, "Give sides from 1 to 16384"),
        ({"pose": "walk10.json", "units": "inches"}, "Choose one of auto, pixels, normalised"),
    ],
)
def test_answered_before_the_run(inputs: Path, settings: dict[str, Any], words: str) -> None:
    (inputs / "bad.json").write_text('[{"people": [')
    assert words in str(LoadPose.validate_inputs(**settings))
    with pytest.raises(ValueError, match=words[:20].replace("(", "\\(")):
        LoadPose.execute(**settings)


def test_connected_settings_are_answered_when_they_are_there(inputs: Path) -> None:
    assert LoadPose.validate_inputs("gone.json", text=None) is True
    assert SmoothPose.validate_inputs("savitzky_golay", radius=None) is True
    assert LoadPose.validate_inputs("walk10.json") is True


def test_settings_of_the_smoothing() -> None:
    assert "degree 5 cannot smooth 3 frames" in str(SmoothPose.validate_inputs("savitzky_golay", 1, 5))
    assert SmoothPose.validate_inputs("one_euro", 1, 5) is True
    assert "Choose one of" in str(SmoothPose.validate_inputs("kalman"))


def test_the_hosts_pose_goes_through_every_node() -> None:
    """From what its extractor writes to what its drawing node takes."""
    extractor = importlib.import_module("comfy_extras.nodes_sdpose")
    random = np.random.default_rng(0)
    still, sure = random.uniform(100, 400, (133, 2)), random.uniform(0.5, 1, 133)
    people = [[still + random.normal(0, 3, (133, 2))] for _ in range(24)]
    pose = extractor._to_openpose_frames(people, [[sure]] * 24, 512, 512)
    for method in ("savitzky_golay", "one_euro"):
        calm = run(SmoothPose, pose, method)
        spread = [np.std(joints_of(parse_poses(frames))[..., :2], axis=0).mean() for frames in (pose, calm)]
        assert spread[1] < 0.7 * spread[0]
    retimed, count = RetimePose.execute(calm, 24.0, 8.0).result
    assert count == len(retimed) == 8
    assert len(run(RetimePose, retimed, frames=5, pingpong=True)) == 8
    target = clip(moved(standing(), 20, 40)[None], width=320, height=480)
    body = run(RetargetPose, retimed, as_keypoints(target))
    assert (body[0]["canvas_width"], body[0]["canvas_height"]) == (320, 480)
    drawn = run(DrawPose, body, width=64, height=96)
    assert drawn.shape == (8, 96, 64, 3)
    settings = (True, True, True, False, 4, 3, 0.3, True)
    assert extractor.SDPoseDrawKeypoints.execute(body, *settings).result[0].shape == (8, 480, 320, 3)


def test_drawn_as_the_host_draws_but_for_edges_and_brightness() -> None:
    """Its shapes are polygons; joints and faces are the same discs."""
    drawer = importlib.import_module("comfy_extras.nodes_sdpose").SDPoseDrawKeypoints
    joints = standing()
    joints[92:94] = joints[14:16]
    pose = as_keypoints(clip(joints[None]))
    host = drawer.execute(pose, False, False, True, False, 4, 3, 0.3, False).result[0]
    assert torch.equal(run(DrawPose, pose, body="none", hands=False), host)
    host = drawer.execute(pose, True, True, True, False, 4, 3, 0.3, True).result[0].amax(-1) > 0
    ours = run(DrawPose, pose).amax(-1) > 0
    assert (host != ours).sum() < 0.12 * host.sum()


def test_more_pictures_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfy.model_management, "get_free_memory", lambda device: 1e9)
    with pytest.raises(PoseError, match="2000 pictures of 512x512 pixels take 6.3 GB of memory and 1.0 GB are free"):
        DrawPose.execute(as_keypoints(walking(2000)))


def test_a_reference_without_a_body() -> None:
    joints = standing()
    joints[:24] = 0
    pose = as_keypoints(walking(4))
    with pytest.raises(PoseError, match="The pose of the picture shows no body"):
        RetargetPose.execute(pose, as_keypoints(clip(joints[None])))
    with pytest.raises(PoseError, match="The pose of the picture is empty"):
        RetargetPose.execute(pose, [])
