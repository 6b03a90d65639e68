"""Control Over Time on a real server: what cannot work is answered."""

from typing import Any

import pytest

from tests.harness import templates
from tests.harness.server import Server

from ..test_answers import failed

NODE = "KinemaControlOverTime"


@pytest.fixture
def controlled(object_info: dict[str, Any]) -> templates.Prompt:
    """The template at a size a CPU finishes in seconds."""
    return templates.use_seeded_weights(templates.to_api("control-over-time", object_info), frames=8, steps=1)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"layer_weights": "custom", "custom_weights": "1, much"}, "'much' is no number between -10 and 10"),
        ({"layer_weights": "custom", "custom_weights": ""}, "custom_weights is empty"),
        ({"strength": float("nan")}, "strength is nan; it must lie between"),
        ({"start_percent": 0.9, "end_percent": 0.1}, "must be below end_percent"),
    ],
)
def test_settings_are_answered_before_the_run(
    server: Server, controlled: templates.Prompt, inputs: dict[str, Any], words: str
) -> None:
    templates.set_inputs(controlled, NODE, **inputs)
    failed(server, controlled, NODE, words, status="refused")


def test_conditionings_without_a_controlnet(server: Server, controlled: templates.Prompt) -> None:
    (applied,) = [entry for entry in controlled.values() if entry["class_type"] == "ControlNetApplyAdvanced"]
    (timed,) = [entry for entry in controlled.values() if entry["class_type"] == NODE]
    timed["inputs"] |= {name: applied["inputs"][name] for name in ("positive", "negative")}
    failed(server, controlled, NODE, "There is no ControlNet on these conditionings")
