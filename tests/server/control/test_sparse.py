"""Load SparseCtrl and Apply SparseCtrl on a real server: what cannot work is answered."""

from typing import Any

import pytest

from tests.harness import templates
from tests.harness.seeded.names import CONTROL
from tests.harness.server import Server

from ..test_answers import failed

LOAD, APPLY = "KinemaLoadSparseControl", "KinemaApplySparseControl"


@pytest.fixture
def keyframes(object_info: dict[str, Any]) -> templates.Prompt:
    """The template at a size a CPU finishes in seconds."""
    return templates.use_seeded_weights(templates.to_api("sparse-keyframes", object_info), frames=8, steps=1)


@pytest.mark.parametrize(
    ("node", "inputs", "words"),
    [
        (APPLY, {"indexes": "0, half"}, "indexes: 'half' is no frame number"),
        (APPLY, {"indexes": "3, 3, -1"}, "names frame 3 twice"),
        (APPLY, {"strength": float("nan")}, "strength is nan; it must lie between"),
        (APPLY, {"start_percent": 0.9, "end_percent": 0.1}, "must be below end_percent"),
        (LOAD, {"motion_scale": -1.0}, "motion_scale is -1; it must lie between"),
    ],
)
def test_settings_are_answered_before_the_run(
    server: Server, keyframes: templates.Prompt, node: str, inputs: dict[str, Any], words: str
) -> None:
    templates.set_inputs(keyframes, node, **inputs)
    failed(server, keyframes, node, words, status="refused")


def test_pictures_that_do_not_fit(server: Server, keyframes: templates.Prompt) -> None:
    templates.set_inputs(keyframes, APPLY, indexes="0, -1")
    failed(server, keyframes, APPLY, "There are 3 pictures, but indexes names 2 frames (0, -1)")
    templates.set_inputs(keyframes, APPLY, indexes="0, 4, 8")
    failed(server, keyframes, "KSampler", "indexes names frame 8, but the clip has 8 frames")
    (entry,) = [entry for entry in keyframes.values() if entry["class_type"] == APPLY]
    del entry["inputs"]["vae"]
    failed(server, keyframes, APPLY, "Connect the VAE of the checkpoint to vae")


def test_an_ordinary_controlnet(server: Server, keyframes: templates.Prompt) -> None:
    templates.set_inputs(keyframes, LOAD, sparsectrl=CONTROL)
    failed(server, keyframes, LOAD, "is a ControlNet, not a SparseCtrl model", "Load ControlNet Model")
    (number,) = [number for number, entry in keyframes.items() if entry["class_type"] == LOAD]
    keyframes[number] = {"class_type": "ControlNetLoader", "inputs": {"control_net_name": CONTROL}}
    failed(server, keyframes, APPLY, "This is an ordinary ControlNet. Put it on with Apply ControlNet")
