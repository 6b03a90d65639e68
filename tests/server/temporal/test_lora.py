"""MotionLoRAs on a real server: what wrong files and settings are answered, notices, strengths that matter."""

from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed

LOADER = "KinemaLoadMotionLora"


@pytest.fixture
def zoom(object_info: dict[str, Any]) -> templates.Prompt:
    """The MotionLoRA template at a size a CPU finishes in seconds."""
    return templates.use_seeded_weights(templates.to_api("motion-lora", object_info), frames=8, steps=1)


@pytest.mark.parametrize(
    ("name", "node", "words"),
    [
        ("wrong_module.safetensors", LOADER, ("a motion module (AnimateDiff v2)", "models/animatediff_models")),
        ("wrong_image_lora.safetensors", LOADER, ("a LoRA for an image model", "models/loras")),
        ("wrong_nan_lora.safetensors", LOADER, ("is damaged", "NaN")),
        ("wrong_widths.safetensors", "KinemaAnimateModel", ("does not fit", "choose one for SD1.5")),
    ],
)
def test_wrong_files(server: Server, zoom: templates.Prompt, name: str, node: str, words: tuple[str, ...]) -> None:
    templates.set_inputs(zoom, LOADER, lora=name)
    failed(server, zoom, node, name, *words)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"start_percent": 0.8, "end_percent": 0.2}, "start_percent (0.8) must be below end_percent"),
        ({"strength": 1e9}, "must lie between -10 and 10"),
        ({"strength": float("nan")}, "must lie between -10 and 10"),
        ({"lora": "gone.ckpt"}, "gone.ckpt"),
    ],
    ids=["range", "huge", "nan", "file"],
)
def test_settings_are_answered_before_the_run(
    server: Server, zoom: templates.Prompt, inputs: dict[str, Any], words: str
) -> None:
    templates.set_inputs(zoom, LOADER, **inputs)
    failed(server, zoom, LOADER, words, status="refused")


def test_a_part_that_applies_is_told_on_the_node(server: Server, zoom: templates.Prompt) -> None:
    templates.set_inputs(zoom, "KinemaLoadMotionModule", motion_module="kinema_seeded_mm_v3_mini.safetensors")
    outcome = client.run_prompt(server.url, zoom)
    assert outcome.status == "success", outcome.message
    (node,) = [node for node, entry in zoom.items() if entry["class_type"] == "KinemaAnimateModel"]
    assert "320 of 336 tensors apply" in outcome.notices[node][0]


def test_mask_curve_and_chain_run(server: Server, zoom: templates.Prompt) -> None:
    (first,) = [node for node, entry in zoom.items() if entry["class_type"] == LOADER]
    zoom["80"] = {"class_type": "SolidMask", "inputs": {"value": 0.5, "width": 40, "height": 24}}
    zoom["81"] = {
        "class_type": "KinemaMotionValue",
        "inputs": {"value": 1.0, "frame_values": "0: 0, 7: -1", "mask": ["80", 0]},
    }
    zoom["82"] = {"class_type": LOADER, "inputs": {**zoom[first]["inputs"], "strength": ["81", 0]}}
    zoom["82"]["inputs"] |= {"start_percent": 0.1, "end_percent": 0.9, "previous_motion_lora": [first, 0]}
    (animate,) = [entry for entry in zoom.values() if entry["class_type"] == "KinemaAnimateModel"]
    animate["inputs"]["motion_lora"] = ["82", 0]
    outcome = client.run_prompt(server.url, zoom)
    assert outcome.status == "success", outcome.message
