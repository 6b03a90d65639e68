"""Pose nodes on a real server: files of the input folder, answers before and during the run."""

import json
from typing import Any

import numpy as np
import pytest
from kinema.motion.pose import as_keypoints, draw_poses, walking

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed, files_in
from ..test_templates import read

LOAD, SMOOTH, RETIME, DRAW = "KinemaLoadPose", "KinemaSmoothPose", "KinemaRetimePose", "KinemaDrawPose"
EXAMPLE = "walking figure (example)"


def drawn(**load: Any) -> templates.Prompt:
    """A pose drawn into a lossless video, without any model; settings with a default are left out."""
    saving = {"frame_rate": 8.0, "format": "ffv1-mov", "quality": 75, "loop_count": 0, "pingpong": False}
    saving |= {"filename_prefix": "pose/clip", "save_output": True}
    return {
        "1": {"class_type": LOAD, "inputs": {"pose": EXAMPLE, "frames": 6, **load}},
        "2": {"class_type": SMOOTH, "inputs": {"keypoints": ["1", 0], "method": "savitzky_golay", "radius": 1}},
        "3": {"class_type": RETIME, "inputs": {"keypoints": ["2", 0], "frames": 3}},
        "4": {"class_type": DRAW, "inputs": {"keypoints": ["1", 0], "width": 96, "height": 64}},
        "5": {"class_type": "KinemaCombineVideo", "inputs": {"images": ["4", 0], **saving}},
    }


def frames_of(server: Server, prompt: templates.Prompt) -> np.ndarray:
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (path,) = files_in(server.output) - before
    return read(path)[0]


def test_a_file_is_drawn_and_read_again_when_it_changes(server: Server) -> None:
    path = server.base / "input" / "a walk.json"
    path.parent.mkdir(exist_ok=True)
    for count in (4, 5):
        path.write_text(json.dumps(as_keypoints(walking(count))))
        found = frames_of(server, drawn(pose=path.name))
        assert found.shape == (count, 64, 96, 3)
        wanted = draw_poses(walking(count), size=(96, 64)).numpy() * 255
        assert np.abs(found - wanted).mean() < 2
    options = client.get_json(server.url, "/object_info/KinemaLoadPose")[LOAD]["input"]["required"]["pose"]
    assert path.name in json.dumps(options)
    path.unlink()
    failed(server, drawn(pose=path.name), LOAD, "There is no pose a walk.json in", status="refused")


def test_every_node_in_a_row(server: Server) -> None:
    prompt = drawn()
    prompt["4"]["inputs"]["keypoints"] = ["3", 0]
    assert frames_of(server, prompt).shape == (3, 64, 96, 3)


@pytest.mark.parametrize(
    ("node", "inputs", "words"),
    [
        (LOAD, {"pose": "../secret.json"}, "There is no pose ../secret.json in"),
        (LOAD, {"text": '{"people": [}'}, "The text is not complete JSON"),
        (LOAD, {"text": '{"people": []}'}, '"canvas_width" is missing. Give the width and height'),
        (LOAD, {"units": "inches"}, 'units is "inches". Choose one of: auto, pixels, normalised'),
        (SMOOTH, {"method": "savitzky_golay", "radius": 1, "degree": 4}, "degree 4 cannot smooth 3 frames"),
        (SMOOTH, {"method": "kalman"}, "Choose one of savitzky_golay, one_euro"),
        (RETIME, {"new_frame_rate": 0.0}, "new_frame_rate takes a number from 0.01 to 1000, not 0.0"),
        (DRAW, {"fit": "squeeze"}, "Choose one of: pad, crop, stretch"),
        (DRAW, {"line_width": 100.0}, "line_width takes a number from 0.1 to 32, not 100.0"),
    ],
)
def test_answered_before_the_run(server: Server, node: str, inputs: dict[str, Any], words: str) -> None:
    prompt = drawn()
    prompt["4"]["inputs"]["keypoints"] = ["3", 0]
    (entry,) = [entry for entry in prompt.values() if entry["class_type"] == node]
    entry["inputs"] |= inputs
    failed(server, prompt, node, words, status="refused")


def test_a_text_over_a_wire_is_answered_where_it_is_read(server: Server) -> None:
    prompt = drawn(text=["6", 0])
    person = {"keypoints": [0.5] * 51}
    text = json.dumps([{"canvas_width": 64, "canvas_height": 64, "people": [person]}])
    prompt["6"] = {"class_type": "PrimitiveString", "inputs": {"value": text}}
    failed(server, prompt, LOAD, '"keypoints" has 51 entries, the 17 joints of COCO and not OpenPose\'s')


def test_rates_that_are_no_numbers(server: Server) -> None:
    prompt = drawn()
    prompt["4"]["inputs"]["keypoints"] = ["3", 0]
    prompt["3"]["inputs"] = {"keypoints": ["2", 0], "new_frame_rate": float("nan")}
    failed(server, prompt, RETIME, "new_frame_rate takes a number from 0.01 to 1000, not NaN", status="refused")
