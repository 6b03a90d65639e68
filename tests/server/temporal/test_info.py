"""Motion Model Info and Apply Domain Adapter on a real server."""

from typing import Any

import pytest
from PIL import Image

from tests.harness import client, templates
from tests.harness.server import Server

from ..test_answers import failed

ADAPTER = "KinemaApplyDomainAdapter"


@pytest.fixture
def adapted(prompt: templates.Prompt) -> templates.Prompt:
    """Text-to-video with a domain adapter before Animate Model."""
    (animate,) = [entry for entry in prompt.values() if entry["class_type"] == "KinemaAnimateModel"]
    inputs = {"model": animate["inputs"]["model"], "domain_adapter": "adapter.safetensors", "strength": 1.0}
    prompt["90"] = {"class_type": ADAPTER, "inputs": inputs}
    animate["inputs"]["model"] = ["90", 0]
    return prompt


def test_the_text_arrives(server: Server) -> None:
    name = "kinema_seeded_mm_v3_mini.safetensors"
    prompt = {
        "1": {"class_type": "KinemaLoadMotionModule", "inputs": {"motion_module": name}},
        "2": {"class_type": "KinemaMotionModelInfo", "inputs": {"motion_model": ["1", 0]}},
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
    }
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (text,) = outcome.outputs["2"]["text"]
    assert text.splitlines()[:2] == [f"file:                  {name}", "version:               AnimateDiff v3"]
    assert outcome.outputs["3"]["text"] == [text]


def test_an_adapter_changes_the_clip(server: Server, adapted: templates.Prompt) -> None:
    (decode,) = [node for node, entry in adapted.items() if entry["class_type"] == "VAEDecode"]
    adapted["91"] = {"class_type": "SaveImage", "inputs": {"images": [decode, 0], "filename_prefix": "adapted"}}
    (animate,) = [entry["inputs"] for entry in adapted.values() if entry["class_type"] == "KinemaAnimateModel"]
    pictures = []
    for strength, inside in ((1.0, False), (0.0, False), (1.0, True)):
        adapted["90"]["inputs"]["strength"] = 0.0 if inside else strength
        animate |= {"domain_adapter": "adapter.safetensors" if inside else "none", "adapter_strength": strength}
        adapted["91"]["inputs"]["filename_prefix"] = f"adapted{len(pictures)}"
        outcome = client.run_prompt(server.url, adapted)
        assert outcome.status == "success", outcome.message
        assert "90" not in outcome.notices
        file = outcome.outputs["91"]["images"][0]
        pictures.append(Image.open(client.saved_path(server.output, file)).tobytes())
    assert pictures[0] == pictures[2], "Animate Model can do the same"
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wrong_module.safetensors", ("a motion module (AnimateDiff v2)", "models/animatediff_models")),
        ("wrong_widths.safetensors", ("does not fit this model", "another base model")),
        ("wrong_nothing.safetensors", ("changes no layer of this model",)),
    ],
)
def test_wrong_files(server: Server, adapted: templates.Prompt, name: str, words: tuple[str, ...]) -> None:
    templates.set_inputs(adapted, ADAPTER, domain_adapter=name)
    failed(server, adapted, ADAPTER, name, *words)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"strength": 1e9}, "must lie between -10 and 10"),
        ({"strength": float("nan")}, "must lie between -10 and 10"),
        ({"domain_adapter": "gone.ckpt"}, "gone.ckpt"),
    ],
    ids=["huge", "nan", "file"],
)
def test_settings_are_answered_before_the_run(
    server: Server, adapted: templates.Prompt, inputs: dict[str, Any], words: str
) -> None:
    templates.set_inputs(adapted, ADAPTER, **inputs)
    failed(server, adapted, ADAPTER, words, status="refused")


def test_a_part_that_applies_is_told_on_the_node(server: Server, adapted: templates.Prompt) -> None:
    templates.set_inputs(adapted, ADAPTER, domain_adapter="partly.safetensors")
    outcome = client.run_prompt(server.url, adapted)
    assert outcome.status == "success", outcome.message
    assert "256 of 257 tensors apply to this model" in outcome.notices["90"][0]
