"""Picture for PIA and Picture for AnimateLCM-I2V on a real server: what cannot work is answered."""

from typing import Any

import pytest

from tests.harness import templates
from tests.harness.server import Server

from ..test_answers import failed

NODES = {"image-to-video-pia": "KinemaPiaPicture", "image-to-video-lcm": "KinemaLcmPicture"}


def prompt_of(template: str, object_info: dict[str, Any]) -> templates.Prompt:
    """A template at a size a CPU finishes in seconds."""
    return templates.use_seeded_weights(templates.to_api(template, object_info), frames=8, steps=1)


@pytest.mark.parametrize(
    ("template", "inputs", "words"),
    [
        ("image-to-video-pia", {"affinity": float("nan")}, "affinity is nan; it must lie between"),
        ("image-to-video-lcm", {"strength": -0.5}, "strength is -0.5; it must lie between"),
        ("image-to-video-lcm", {"drift": 11.0}, "drift"),
        ("image-to-video-lcm", {"start_percent": 0.9, "end_percent": 0.1}, "must be below end_percent"),
    ],
)
def test_settings_are_answered_before_the_run(
    server: Server, object_info: dict[str, Any], template: str, inputs: dict[str, Any], words: str
) -> None:
    prompt = prompt_of(template, object_info)
    templates.set_inputs(prompt, NODES[template], **inputs)
    failed(server, prompt, NODES[template], words, status="refused")


@pytest.mark.parametrize("template", NODES)
def test_a_motion_module_without_its_picture(server: Server, object_info: dict[str, Any], template: str) -> None:
    prompt = prompt_of(template, object_info)
    (loaded,) = [name for name, node in prompt.items() if node["class_type"] == "KinemaLoadMotionModule"]
    templates.set_inputs(prompt, "KinemaAnimateModel", motion_model=[loaded, 0])
    failed(server, prompt, "KinemaAnimateModel", "which animates a picture, and there is none. Put Picture for")


def test_a_motion_module_that_takes_no_picture(server: Server, object_info: dict[str, Any]) -> None:
    prompt = prompt_of("image-to-video-pia", object_info)
    templates.set_inputs(prompt, "KinemaLoadMotionModule", motion_module=templates.MOTION_MODULE)
    failed(server, prompt, "KinemaPiaPicture", "is AnimateDiff v2, which takes no picture")


def test_a_frame_the_clip_does_not_have(server: Server, object_info: dict[str, Any]) -> None:
    prompt = prompt_of("image-to-video-pia", object_info)
    templates.set_inputs(prompt, "KinemaPiaPicture", frame=8)
    failed(server, prompt, "KSampler", "frame of Picture for PIA is 8, but the clip has 8 frames")
