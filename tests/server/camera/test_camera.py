"""Camera paths on a real server: wrong files and texts are answered, and a long clip follows its path in windows."""

from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.seeded.names import CAMERA
from tests.harness.server import Server

from ..test_answers import failed

CONTROL, TEXT, PIECE = "KinemaCameraControl", "KinemaLoadCameraPath", "KinemaCameraPath"
LINE = "0 0.5 0.9 0.5 0.5 0 0 1 0 0 {} 0 1 0 0 0 0 1 0"


@pytest.fixture
def steered(object_info: dict[str, Any]) -> templates.Prompt:
    """The template at a size a CPU finishes in seconds."""
    return templates.use_seeded_weights(templates.to_api("camera-path", object_info), frames=8, steps=1)


@pytest.fixture
def of_text() -> templates.Prompt:
    """A path from text and its picture, without any model."""
    inputs = {"file": "use text", "text": LINE.format(0), "stride": 1, "frames": 0}
    return {
        "1": {"class_type": TEXT, "inputs": inputs},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 1]}},
    }


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"text": ""}, "text: there is no line with numbers"),
        ({"text": LINE.format(0) + "\n1 2 3"}, "text: line 2 has 3 entries, not 19"),
        ({"file": "gone.txt"}, "gone.txt is not in ComfyUI's input folder"),
        ({"file": "../../etc/passwd"}, "is not in ComfyUI's input folder"),
    ],
)
def test_texts_are_answered_before_the_run(
    server: Server, of_text: templates.Prompt, inputs: dict[str, Any], words: str
) -> None:
    templates.set_inputs(of_text, TEXT, **inputs)
    failed(server, of_text, TEXT, words, status="refused")


def test_a_file_in_the_input_folder(server: Server, of_text: templates.Prompt) -> None:
    file = server.base / "input" / "kinema_path.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text("https://a.b/c\n" + LINE.format(0) + "\n" + LINE.format(1) + "\nnonsense\n")
    info = client.get_json(server.url, f"/object_info/{TEXT}")[TEXT]
    assert file.name in info["input"]["optional"]["file"][1]["options"]
    templates.set_inputs(of_text, TEXT, file=file.name)
    failed(server, of_text, TEXT, "kinema_path.txt: line 4 has 1 entries")
    file.write_text(LINE.format(0) + "\n" + LINE.format(1))
    outcome = client.run_prompt(server.url, of_text)
    assert outcome.status == "success", outcome.message


@pytest.mark.parametrize(
    ("node", "inputs", "words"),
    [
        (CONTROL, {"strength": float("nan")}, "strength is nan; it must lie between"),
        (CONTROL, {"start_percent": 0.9, "end_percent": 0.1}, "must be below end_percent"),
        (CONTROL, {"camera_file": "gone.safetensors"}, "gone.safetensors"),
        (PIECE, {"move": "jump"}, "jump"),
    ],
)
def test_settings_are_answered_before_the_run(
    server: Server, steered: templates.Prompt, node: str, inputs: dict[str, Any], words: str
) -> None:
    first = next(entry for entry in steered.values() if entry["class_type"] == node)
    first["inputs"] |= inputs
    failed(server, steered, node, words, status="refused")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("kinema_seeded_mm_v3_mini.safetensors", "is a motion module (AnimateDiff v3), not a CameraCtrl model"),
        ("wrong_truncated.safetensors", "not a complete safetensors file"),
    ],
)
def test_wrong_files(server: Server, steered: templates.Prompt, file: str, words: str) -> None:
    templates.set_inputs(steered, CONTROL, camera_file=file)
    failed(server, steered, CONTROL, file, words)


def test_a_camera_file_is_no_motion_module(server: Server, steered: templates.Prompt) -> None:
    templates.set_inputs(steered, "KinemaLoadMotionModule", motion_module=CAMERA)
    failed(server, steered, "KinemaLoadMotionModule", "is a CameraCtrl model", "choose it in Camera Control")


def test_a_path_that_ends_early_is_told(server: Server, steered: templates.Prompt) -> None:
    templates.set_inputs(steered, PIECE, frames=3)
    outcome = client.run_prompt(server.url, steered)
    assert outcome.status == "success", outcome.message
    told = "\n".join(text for texts in outcome.notices.values() for text in texts)
    assert "The camera path has 6 frames, but the clip has 8: the camera stands still after its end." in told
