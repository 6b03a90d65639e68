"""Prompts with anything at all in the inputs of the pack's nodes: they run, or are refused with a sentence."""

import random
import time
from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.server import Server

from . import fuzz
from .test_answers import pictures

SECONDS = 60


HEAVY = {
    *("sdxl", "depth-and-lineart", "animate-character", "animate-character-long", "two-characters"),
    *("evaluate-a-clip", "ablations", "animate-anyone-ablation"),
}
"""Templates whose models take longer to load than the others together."""
LEARN = {"train-motion-lora", "train-motion-module", "train-domain-adapter", "train-animate-anyone"}
"""Templates that take longer than that; `tests.server.training` has a smaller one."""


def small(object_info: dict[str, Any], name: str) -> templates.Prompt:
    return templates.use_seeded_weights(templates.to_api(name, object_info), frames=8, steps=1)


def test_anything_runs_or_is_refused_with_a_sentence(server: Server, object_info: dict[str, Any]) -> None:
    rng = random.Random(11)
    names = [name for path in templates.template_paths() if (name := templates.short_name(path)) not in HEAVY | LEARN]
    prompts = [*(fuzz.unsampled(small(object_info, name)) for name in names), pictures(size=16)]
    found, tried, end = {}, 0, time.monotonic() + SECONDS
    while time.monotonic() < end and tried < 300:
        prompt, changes = fuzz.mutated(rng.choice(prompts), rng)
        complaints = list(fuzz.complaints(server, prompt, changes))
        if complaints:
            found[str(changes)[:200]] = complaints
        tried += 1
    assert found == {}
    assert tried > 20


FAULTS = [
    (
        "KinemaCombineVideo",
        "images",
        False,
        "Combine Video: images takes a connection from an output of type IMAGE or VIDEO, no",
    ),
    (
        "KinemaCombineVideo",
        "images",
        ["gone", 0],
        "images is connected to output 0 of node 'gone', which the prompt does not",
    ),
    ("KinemaCombineVideo", "images", ["1", 9], "images is connected to output 9 of node '1'"),
    ("KinemaCombineVideo", "images", [1, 0], "images takes a connection"),
    ("KinemaCombineVideo", "frame_rate", [8.0], "frame_rate takes a number from 0 to 1000, not [8.0]"),
    ("KinemaCombineVideo", "frame_rate", [8.0, 9.0], "frame_rate takes a number from 0 to 1000, not [8.0, 9.0]"),
    ("KinemaCombineVideo", "frame_rate", {"a": 1}, "frame_rate takes a number from 0 to 1000"),
    ("KinemaCombineVideo", "frame_rate", None, "frame_rate takes a number from 0 to 1000, not null"),
    ("KinemaCombineVideo", "frame_rate", float("nan"), "frame_rate is nan; it must be between 0.01"),
    ("KinemaCombineVideo", "frame_rate", -1, "Combine Video: frame_rate is -1"),
    ("KinemaCombineVideo", "quality", 10**400, "quality takes a whole number from 0 to 100, not 1000"),
    ("KinemaCombineVideo", "quality", "best", 'quality takes a whole number from 0 to 100, not "best"'),
    ("KinemaCombineVideo", "pingpong", "false", 'pingpong takes true or false, not "false"'),
    ("KinemaCombineVideo", "format", "mpeg1", "Choose one of"),
    ("KinemaCombineVideo", "format", [], "format takes one of its choices, not []"),
    ("KinemaCombineVideo", "filename_prefix", "a\ud800", "filename_prefix holds half a character"),
    ("KinemaCombineVideo", "filename_prefix", {}, "filename_prefix takes text, not {}"),
    ("KinemaCombineVideo", "filename_prefix", "../x", "leaves the output folder"),
    ("KinemaAnimateModel", "model", 3, "Animate Model: model takes a connection from an output of type MODEL, not 3"),
    ("KinemaAnimateModel", "motion_scale", "x", "motion_scale takes a number"),
    ("KinemaAnimateModel", "motion_scale", 99, "motion_scale is 99"),
    ("KinemaAnimateModel", "start_percent", 1, "start_percent (1.0) must be below end_percent"),
    ("KinemaPromptTravel", "prompts", "0: a <lora:x:1>", "Line 1, character 6"),
    ("KinemaPromptTravel", "frames", 0, "frames takes a whole number from 1 to"),
    ("KinemaPromptTravel", "clip", None, "clip takes a connection from an output of type CLIP, not null"),
]


@pytest.mark.parametrize(("kind", "name", "value", "words"), FAULTS)
def test_one_fault_is_told_once_under_its_input(
    server: Server, object_info: dict[str, Any], kind: str, name: str, value: Any, words: str
) -> None:
    prompt = pictures(size=16) if kind == "KinemaCombineVideo" else small(object_info, "prompt-travel")
    (number,) = [number for number, node in prompt.items() if node["class_type"] == kind]
    prompt[number]["inputs"][name] = value
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "refused"
    assert list(outcome.error["node_errors"]) == [number], outcome.message
    (error,) = outcome.error["node_errors"][number]["errors"]
    assert error["extra_info"]["input_name"] == name
    assert words in error["details"]


def test_two_nodes_of_a_kind_have_a_fault_each(server: Server) -> None:
    prompt = pictures(size=16, frame_rate=-1)
    prompt["3"] = {"class_type": "KinemaCombineVideo", "inputs": {"images": ["1", 0], "quality": 101, "frame_rate": 8}}
    nodes = client.run_prompt(server.url, prompt).error["node_errors"]
    told = {number: [each["extra_info"]["input_name"] for each in node["errors"]] for number, node in nodes.items()}
    assert told == {"2": ["frame_rate"], "3": ["quality"]}


def test_what_the_host_takes_is_taken(server: Server) -> None:
    taken = {"frame_rate": "8", "quality": 70.5, "loop_count": True, "pingpong": 1, "audio": None, "unknown": "x"}
    outcome = client.run_prompt(server.url, pictures(size=16, **taken))
    assert outcome.status == "success", outcome.message
