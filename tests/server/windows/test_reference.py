"""Context Reference and Naive Reuse on a real server: what cannot work is answered, what does nothing says so."""

from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed

REFERENCE, REUSE = "KinemaContextReference", "KinemaNaiveReuse"


@pytest.fixture
def consistent(object_info: dict[str, Any]) -> templates.Prompt:
    """The template at a size a CPU finishes in seconds."""
    return templates.use_seeded_weights(templates.to_api("consistent-long-clip", object_info), frames=8, steps=1)


@pytest.mark.parametrize(
    ("node", "inputs", "words"),
    [
        (REFERENCE, {"mode": "indexes", "indexes": "0, two"}, "'two' is no number of a frame"),
        (REFERENCE, {"mode": "indexes"}, "indexes is empty. Write the numbers of some frames"),
        (REFERENCE, {"mode": "last"}, "mode is 'last'. Choose one of first, sliding, indexes"),
        (REFERENCE, {"strength": 2.0}, "strength is 2; it must lie between 0 and 1"),
        (REFERENCE, {"start_percent": 0.5}, "must be below end_percent"),
        (REUSE, {"weighted_mean": 1.5}, "weighted_mean is 1.5; it must lie between 0 and 1"),
        (REUSE, {"end_percent": 0.0}, "must be below end_percent"),
    ],
)
def test_settings_are_answered_before_the_run(
    server: Server, consistent: templates.Prompt, node: str, inputs: dict[str, Any], words: str
) -> None:
    templates.set_inputs(consistent, node, **inputs)
    failed(server, consistent, node, words, status="refused")


def test_a_clip_of_one_window_says_so(server: Server, consistent: templates.Prompt) -> None:
    for prompt_node in consistent.values():
        if prompt_node["class_type"] in (REFERENCE, REUSE):
            needed = {"model", "strength"}
            prompt_node["inputs"] = {name: value for name, value in prompt_node["inputs"].items() if name in needed}
    outcome = client.run_prompt(server.url, consistent)
    assert outcome.status == "success", outcome.message
    texts = "\n".join(text for found in outcome.notices.values() for text in found)
    for name in ("Context Reference", "Naive Reuse"):
        assert f"{name}: the clip of 8 frames fits in one window" in texts
