"""Clip Noise, Noise Layer and FreeInit on a real server: wrong settings, masks, and the steps of all iterations."""

from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed

NODES = ("KinemaClipNoise", "KinemaNoiseLayer", "KinemaFreeInit")


@pytest.fixture
def prompt(object_info: dict[str, Any]) -> templates.Prompt:
    """The freeinit template at a size a CPU finishes in seconds."""
    return templates.use_seeded_weights(templates.to_api("freeinit", object_info), frames=8, steps=2)


def inputs_of(prompt: templates.Prompt, class_type: str) -> dict[str, Any]:
    (found,) = [entry["inputs"] for entry in prompt.values() if entry["class_type"] == class_type]
    return found


@pytest.mark.parametrize(
    ("node", "inputs", "words"),
    [
        (NODES[0], {"noise_type": "FreeNoise", "context_overlap": 16}, "leave room for 0 to 15"),
        (NODES[0], {"noise_type": "pink"}, "There is no noise type 'pink'"),
        (NODES[1], {"weight": 2.0}, "weight is 2; with normalized_sum it must lie between 0 and 1"),
        (NODES[2], {"d_t": float("nan")}, "d_t is nan; it must lie between 0 and 1"),
    ],
)
def test_settings_are_answered_before_the_run(
    server: Server, prompt: templates.Prompt, node: str, inputs: dict[str, Any], words: str
) -> None:
    inputs_of(prompt, node).update(inputs)
    failed(server, prompt, node, words, status="refused")


def test_masks_and_the_steps_of_all_iterations(server: Server, prompt: templates.Prompt) -> None:
    prompt["80"] = {"class_type": "SolidMask", "inputs": {"value": 0.5, "width": 40, "height": 24}}
    inputs_of(prompt, NODES[1])["mask"] = ["80", 0]
    steps: list[tuple[int, int]] = []

    def watch(event: client.Event) -> None:
        data = event.get("data", {})
        if event.get("type") == "progress" and prompt[data["node"]]["class_type"] == "KSampler":
            steps.append((data["value"], data["max"]))

    outcome = client.run_prompt(server.url, prompt, watch=watch)
    assert outcome.status == "success", outcome.message
    assert steps[-1] == (6, 6)
    assert steps == sorted(steps)
