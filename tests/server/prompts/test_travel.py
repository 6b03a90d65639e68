"""Prompt Travel on a real server."""

from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed

NODE = "KinemaPromptTravel"


def travelling(prompt: templates.Prompt, prompts: str = '0: "a cat", 7: "a dog"', **inputs: Any) -> templates.Prompt:
    """The prompt with Prompt Travel in front of its sampler, and its text shown by node 81."""
    (clip,) = {tuple(entry["inputs"]["clip"]) for entry in prompt.values() if entry["class_type"] == "CLIPTextEncode"}
    settings = {"frames": 8, "before": "", "after": "", "interpolation": "linear", "closed_loop": False}
    prompt["80"] = {"class_type": NODE, "inputs": {"clip": list(clip), "prompts": prompts, **settings, **inputs}}
    prompt["81"] = {"class_type": "PreviewAny", "inputs": {"source": ["80", 1]}}
    (sampler,) = [entry["inputs"] for entry in prompt.values() if entry["class_type"] == "KSampler"]
    sampler["positive"] = ["80", 0]
    return prompt


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"prompts": '0: "a cat",\n4 "a dog"'}, "Line 2, character 1: a frame number and a colon are expected"),
        ({"prompts": '0: "a cat", 4: "a dog'}, "Line 1, character 16: the quote that opens the prompt of frame 4"),
        ({"prompts": ""}, "Line 1, character 1: there is no prompt"),
        ({"prompts": '-9: "a"'}, "-9 lies before the beginning of a clip of 8 frames"),
        ({"before": "a `1 +` b"}, "Text before, line 1, character 3"),
        ({"frames": 0}, "frames takes a whole number from 1 to 100000, not 0"),
        ({"interpolation": "bouncy"}, "interpolation"),
    ],
)
def test_answered_before_the_run(server: Server, prompt: templates.Prompt, inputs: dict[str, Any], words: str) -> None:
    failed(server, travelling(prompt, **inputs), NODE, words, status="refused")


def test_answered_in_the_run(server: Server, prompt: templates.Prompt) -> None:
    """What is known only then: texts over a wire, and values of arithmetic."""
    travelling(prompt, prompts="")["80"]["inputs"]["prompts"] = ["82", 0]
    prompt["82"] = {"class_type": "PrimitiveString", "inputs": {"value": "0: 'a', 0: 'b'"}}
    failed(server, prompt, NODE, "Line 1, character 9: frame 0 has two prompts")
    prompt["80"]["inputs"]["prompts"] = '0: "(a:`1 / (t - 3)`)"'
    failed(server, prompt, NODE, "Line 1, character 8: `1 / (t - 3)` has no value", "at frame 3")


def test_prompts_travel(server: Server, prompt: templates.Prompt) -> None:
    prompt = travelling(prompt, '0: "a cat", 4: "a dog", 90: "nothing"', after="`pw_a`", frames=["82", 0])
    prompt["82"] = {"class_type": "PrimitiveInt", "inputs": {"value": 8}}
    prompt["83"] = {
        "class_type": "KinemaMotionValue",
        "inputs": {"value": 2.0, "frame_values": "", "interpolation": "linear", "value_at_black": 0.0}
        | {"mask_scaling": "absolute"},
    }
    prompt["80"]["inputs"]["pw_a"] = ["83", 0]
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (shown,) = outcome.outputs["81"]["text"]
    assert shown.split("\n")[:5] == [
        "0: a cat 2.000",
        "1: 75% a cat 2.000 | 25% a dog 2.000",
        "2: 50% a cat 2.000 | 50% a dog 2.000",
        "3: 25% a cat 2.000 | 75% a dog 2.000",
        "4: a dog 2.000",
    ]
    assert "there are prompts past its end, for 90" in outcome.notices["80"][0]


def test_sdxl(server: Server, object_info: dict[str, Any]) -> None:
    """Two text encoders and pooled text, which this UNet takes from every frame."""
    prompt = templates.use_seeded_weights(templates.to_api("sdxl", object_info), frames=8, steps=1)
    outcome = client.run_prompt(server.url, travelling(prompt))
    assert outcome.status == "success", outcome.message
    assert len(outcome.files()) == 1
