"""Prompts with one or two wrong values, and what is wrong with the answers to them."""

import json
import math
import random
import re
from collections.abc import Iterator
from typing import Any

from tests.harness import client, templates
from tests.harness.client import Outcome
from tests.harness.server import Server

WRONG: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 10**12, 10**400, 1e300, 0.5, math.nan, math.inf, -math.inf),
    *(
        "",
        "x",
        "8",
        "0.5",
        "nan",
        "\ud800",
        "a\0b",
        "\u202e",
        "0: 1, x",
        "0: (t<3)",
        "-1",
        "../x",
        "x" * 5000,
        "9" * 5000,
    ),
    *([], [8.0], [8.0, 9.0], ["1", 0], ["1", 99], ["1", "x"], ["gone", 0], [1, 0], [[1]], [None, None], ["1", 0, 0]),
    *({}, {"a": 1}, {"__value__": [1, 2]}, {"__value__": None}, {"samples": 1}),
]
RAW = re.compile(r"\b(?:Type|Key|Index|Attribute|Value|Overflow|UnicodeEncode|ZeroDivision|Runtime|Assertion)Error\b")
PYTHON = re.compile(
    r"has no attribute|object is not|not subscriptable|unsupported operand|not supported between|argument must be|"
    r"Traceback|list index out of range|NoneType|unexpected keyword|positional argument|<class '"
)


def unsampled(prompt: templates.Prompt) -> templates.Prompt:
    """The part of a prompt before its samplers, with something that looks at each of the pack's nodes in it."""
    after = {number for number, node in prompt.items() if "Sampler" in node["class_type"]}
    grown = -1
    while grown != len(after):
        grown = len(after)
        after |= {number for number, node in prompt.items() if after.intersection(_sources(node))}
    kept = {number: node for number, node in prompt.items() if number not in after}
    looks = {
        f"look-{number}": {"class_type": "PreviewAny", "inputs": {"source": [number, 0]}}
        for number, node in kept.items()
        if node["class_type"].startswith("Kinema")
    }
    return kept | looks


def _sources(node: dict[str, Any]) -> list[Any]:
    return [value[0] for value in node["inputs"].values() if isinstance(value, list)]


def ours(prompt: templates.Prompt) -> list[tuple[str, str]]:
    """Every input of the pack's nodes, as number of the node and name."""
    return [
        (number, name)
        for number, node in prompt.items()
        if node["class_type"].startswith("Kinema")
        for name in node["inputs"]
    ]


def mutated(prompt: templates.Prompt, rng: random.Random) -> tuple[templates.Prompt, list[tuple[str, str, Any]]]:
    """A copy with one or, now and then, two wrong values, and what they are."""
    changed = json.loads(json.dumps(prompt))
    changes = []
    for number, name in rng.sample(ours(prompt), k=1 if rng.random() < 0.85 else 2):
        value = rng.choice(WRONG)
        changed[number]["inputs"][name] = value
        changes.append((number, name, value))
    return changed, changes


def complaints(server: Server, prompt: templates.Prompt, changes: list[tuple[str, str, Any]]) -> Iterator[str]:
    """What is wrong with the answer to a prompt with some wrong values; nothing if it ran or was refused properly."""
    outcome = client.run_prompt(server.url, prompt)
    if outcome.status == "success":
        return
    if outcome.status == "refused":
        yield from _refusal(outcome, prompt, changes)
    elif outcome.error["node_type"].startswith("Kinema"):
        yield from _raw(outcome.error["exception_message"])
        if outcome.error["exception_type"] in ("TypeError", "KeyError", "IndexError", "AttributeError"):
            yield f"{outcome.error['exception_type']}: {outcome.error['exception_message']}"


def _refusal(outcome: Outcome, prompt: templates.Prompt, changes: list[tuple[str, str, Any]]) -> Iterator[str]:
    nodes = outcome.error.get("node_errors") or {}
    if not nodes:
        yield f"no node is named: {outcome.message[:300]}"
    told = [(number, error) for number, node in nodes.items() for error in node["errors"]]
    for number, error in told:
        yield from _raw(f"{error['message']}: {error['details']}")
        if "traceback" in error.get("extra_info", {}):
            yield f"a traceback: {error['details'][:200]}"
        name = error.get("extra_info", {}).get("input_name")
        # what belongs together may be wrong together, such as the start and the end of a range
        if prompt[number]["class_type"].startswith("Kinema") and name not in prompt[number]["inputs"]:
            yield f"told under {name}: {error['details'][:200]}"
    places = [(number, error.get("extra_info", {}).get("input_name")) for number, error in told]
    if len(places) > max(1, len(changes)) or len(set(places)) < len(places):
        yield f"told more than once: {places}"


def _raw(text: str) -> Iterator[str]:
    for pattern in (RAW, PYTHON):
        if pattern.search(text):
            yield f"raw: {text[:300]}"
