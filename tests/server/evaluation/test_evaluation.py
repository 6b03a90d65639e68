"""Evaluate Clip and Compare Clips over HTTP."""

import json
from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed


def prompt(frames: int = 4, **inputs: Any) -> templates.Prompt:
    """A still clip, measured and shown beside itself."""
    empty = {"width": 64, "height": 64, "batch_size": frames, "color": 0x336699}
    measured = {"images": ["1", 0], "name": "still", **inputs}
    shown = {"first": ["1", 0], "second": ["1", 0], "first_result": ["2", 1], "layout": "grid"}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "KinemaEvaluateClip", "inputs": measured},
        "3": {"class_type": "KinemaCompareClips", "inputs": shown},
        "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
        "5": {"class_type": "PreviewAny", "inputs": {"source": ["2", 3]}},
    }


def test_a_clip_is_measured_and_shown(server: Server) -> None:
    outcome = client.run_prompt(server.url, prompt(ground_truth=["1", 0]))
    assert outcome.status == "success", outcome.message
    (text,) = outcome.outputs["2"]["text"]
    assert text.startswith("still: 4 frames of 64 x 64 pixels")
    assert "put it into" in text
    assert len(outcome.outputs["4"]["images"]) == 4
    values = json.loads(outcome.outputs["5"]["text"][0])["values"]
    assert values["ssim"] == pytest.approx(1.0)
    assert (values["psnr"], values["flicker"], values["frozen"], values["loop"]) == (100.0, 0.0, 100.0, 100.0)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"lpips": "vgg16-397923af.pth"}, ("vgg16-397923af.pth, which is not there", "models/evaluation")),
        ({"fvd": "i3d_torchscript.pt"}, ("i3d_torchscript.pt, which is not there", "models/evaluation")),
        ({"fvd_window": 1}, ("fvd_window takes a whole number from 2",)),
        ({"curve": "beauty"}, ("Choose one of: ",)),
    ],
)
def test_wrong_values_are_refused_before_a_run(server: Server, inputs: dict[str, Any], words: tuple[str, ...]) -> None:
    failed(server, prompt(**inputs), "KinemaEvaluateClip", *words, status="refused")


def test_a_single_picture_is_no_clip(server: Server) -> None:
    failed(server, prompt(frames=1), "KinemaEvaluateClip", "images is one frame; a clip has 2 at least")
