"""Motion Values, keyframes and adjusted positions on a real server."""

from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed

ANIMATE = "KinemaAnimateModel"


def inputs_of(prompt: templates.Prompt, class_type: str) -> dict[str, Any]:
    (found,) = [entry["inputs"] for entry in prompt.values() if entry["class_type"] == class_type]
    return found


@pytest.mark.parametrize(
    ("class_type", "inputs", "words"),
    [
        ("KinemaMotionValue", {"frame_values": "0: 1, seven: 2"}, "'seven: 2' at character 7 is no frame and value"),
        ("KinemaMotionValue", {"frame_values": "1.0, much"}, "'much' at character 6 is no number"),
        ("KinemaMotionValue", {"value": float("nan")}, "value is nan; it must lie between -10 and 10"),
        ("KinemaMotionKeyframe", {"start_percent": 2.0}, "start_percent is 2.0; it must lie between 0 and 1"),
        ("KinemaMotionKeyframe", {"frame_values": "0: 99"}, "must lie between -10 and 10"),
    ],
)
def test_values_are_answered_before_the_run(
    server: Server, prompt: templates.Prompt, class_type: str, inputs: dict[str, Any], words: str
) -> None:
    prompt["80"] = {"class_type": class_type, "inputs": {"value": 1.0, "start_percent": 0.0, **inputs}}
    inputs_of(prompt, ANIMATE)["motion_scale"] = ["80", 0]
    failed(server, prompt, class_type, words, status="refused")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"motion_scale": -1.0}, "motion_scale is -1; it must lie between 0 and 10"),
        ({"effect_strength": 1e9}, "effect_strength is 1e+09; it must lie between 0 and 10"),
        ({"effect_strength": "much"}, 'effect_strength takes a number from 0 to 10, or a connection, not "much"'),
    ],
)
def test_numbers_are_answered_before_the_run(
    server: Server, prompt: templates.Prompt, inputs: dict[str, Any], words: str
) -> None:
    templates.set_inputs(prompt, ANIMATE, **inputs)
    failed(server, prompt, ANIMATE, words, status="refused")


def test_masks_and_numbers_go_straight_in(server: Server, prompt: templates.Prompt) -> None:
    prompt["80"] = {"class_type": "SolidMask", "inputs": {"value": 0.5, "width": 40, "height": 24}}
    prompt["81"] = {"class_type": "PrimitiveFloat", "inputs": {"value": 1.2}}
    inputs_of(prompt, ANIMATE).update(effect_strength=["80", 0], motion_scale=["81", 0])
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message


def test_a_range_over_a_wire_is_answered_in_the_run(server: Server, prompt: templates.Prompt) -> None:
    prompt["80"] = {"class_type": "PrimitiveFloat", "inputs": {"value": 0.0}}
    inputs_of(prompt, ANIMATE)["end_percent"] = ["80", 0]
    failed(server, prompt, ANIMATE, "must be below end_percent")


def test_a_short_list_is_told_on_the_sampler(server: Server, prompt: templates.Prompt) -> None:
    prompt["80"] = {"class_type": "KinemaMotionValue", "inputs": {"value": 1.0, "frame_values": "1, 0.9"}}
    inputs_of(prompt, ANIMATE)["motion_scale"] = ["80", 0]
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    told = [text for texts in outcome.notices.values() for text in texts if "a list of 2 values" in text]
    assert told == [
        "motion_scale has a list of 2 values, but the clip has 8 frames: the last one is used for the rest."
    ]


def test_a_value_is_read_back(server: Server, prompt: templates.Prompt) -> None:
    """Number, curve, mask and keyframe to text, masks and numbers."""
    graph: templates.Prompt = {
        "1": {"class_type": "SolidMask", "inputs": {"value": 0.5, "width": 8, "height": 8}},
        "2": {
            "class_type": "KinemaMotionValue",
            "inputs": {"value": 2.0, "frame_values": "0: 0, 4: 1", "value_at_black": 1.0, "mask": ["1", 0]},
        },
        "3": {
            "class_type": "KinemaMotionKeyframe",
            "inputs": {"start_percent": 0.5, "frame_values": "0.5", "previous_motion_value": ["2", 0]},
        },
        "4": {
            "class_type": "KinemaReadMotionValue",
            "inputs": {"motion_value": ["3", 0], "frames": 5, "width": 4, "height": 4, "percent": 0.5},
        },
        "5": {"class_type": "PreviewAny", "inputs": {"source": ["4", 2]}},
        "6": {"class_type": "MaskPreview", "inputs": {"mask": ["4", 0]}},
    }
    outcome = client.run_prompt(server.url, graph)
    assert outcome.status == "success", outcome.message
    assert outcome.outputs["5"]["text"] == ["0.0, 0.1875, 0.375, 0.5625, 0.75"]
    assert len(outcome.outputs["6"]["images"]) == 5


def test_positions_that_cannot_be_are_answered(server: Server, prompt: templates.Prompt) -> None:
    (loader,) = [node for node, entry in prompt.items() if entry["class_type"] == "KinemaLoadMotionModule"]
    settings = {"stretch": 0, "skip_first": 0, "cap": 40, "interpolate_to": 0, "skip_after": 0}
    prompt["80"] = {"class_type": "KinemaAdjustPositions", "inputs": {"motion_model": [loader, 0], **settings}}
    inputs_of(prompt, ANIMATE)["motion_model"] = ["80", 0]
    failed(server, prompt, "KinemaAdjustPositions", "cap is 40, but only 32 positions are there to keep")
    prompt["80"]["inputs"] |= {"cap": 4}
    failed(server, prompt, "KSampler", "can number at most 4 frames at once, but 8 were asked for")
