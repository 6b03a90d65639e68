"""Damaged, strange and large workflows: left as they are with a reason, or migrated; never an exception or a loss."""

import copy
import json
import math
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kinema.motion.migration import migrate
from kinema.motion.migration.tables import FAMILY

from .places import placed
from .small import HOST, Small, wired
from .test_graphs import grouped
from .test_table import CAMERA, NESTED, PARTED

ROUNDS = 1500
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 3, 1e308, math.nan, math.inf, 10**30, "", "x", "4", "\ud800", [], {}, [1, 2]),
    *(["a", 0], {"a": 1}, [None, 0], -10, -20),
]


@pytest.mark.parametrize(
    ("workflow", "words"),
    [
        (None, "JSON object"),
        ([], "JSON object"),
        ("text", "JSON object"),
        ({}, "neither"),
        ({"nodes": 3}, "neither"),
        ({"nodes": [3]}, "neither"),
        ({"nodes": [{}]}, "no id"),
        ({"nodes": [{"id": 1}]}, "no type"),
        ({"nodes": [{"id": 1, "type": "a"}, {"id": 1, "type": "b"}]}, "two nodes have the id 1"),
        ({"nodes": [], "links": [[1, 1, 0, 2, 0, "A"], [1, 2, 0, 3, 0, "B"]]}, "two links have the id 1"),
        ({"nodes": [], "links": "none"}, "links are no list"),
        ({"1": {"class_type": "a", "inputs": []}}, "no object"),
    ],
)
def test_left_as_it_is_with_a_reason(workflow: Any, words: str) -> None:
    before = copy.deepcopy(workflow)
    written, report = migrate(workflow, HOST)
    assert written is workflow
    assert workflow == before
    assert words in report.reason
    assert report.headline.startswith("Left as it is: ")


def test_wires_in_a_circle() -> None:
    small = Small()
    kind = "ADE_StandardStaticContextOptions"
    first = small.node(kind, {"context_length": 16}, prev_context=2)
    small.node(kind, {"context_length": 16}, prev_context=first)
    small.sink(
        a=small.node("ADE_UseEvolvedSampling", {"beta_schedule": "lcm"}, model=small.source(), context_options=first)
    )
    circle = small.node("Reroute", x=6)
    small.node("ADE_AnimateDiffUnload", model=circle)
    for workflow in (small.ui(), small.api()):
        _, report = migrate(workflow, HOST)
        assert not report.reason
    ours = Small()
    ours.node("GetImageSizeAndCount", image=2)
    ours.node("GetImageSizeAndCount", image=1)
    ours.sink(a=1)
    written, _ = migrate(ours.ui(), HOST)
    wired(written)


def test_links_to_nodes_that_are_not_there() -> None:
    small = Small()
    small.sink(a=small.node("ADE_LoadAnimateDiffModel", {"model_name": "mm.ckpt"}, ad_settings=77))
    graph = small.ui()
    written, report = migrate(graph, HOST)
    assert not report.kept
    assert [node["type"] for node in written["nodes"]] == ["KinemaLoadMotionModule", "Sink"]


def test_large_graphs_take_time_by_their_size() -> None:
    def seconds(count: int) -> float:
        small = Small()
        for _ in range(count):
            placed(small, "ADE_StandardStaticContextOptions")
        graph = small.api()
        start = time.process_time()
        _, report = migrate(graph, HOST)
        assert len(report.done) == 2 * count
        return time.process_time() - start

    seconds(100)
    assert seconds(4000) < 12 * max(seconds(1000), 0.05)


def test_deeply_nested_values() -> None:
    deep: Any = "end"
    for _ in range(100_000):
        deep = [deep]
    small = Small()
    small.node("ADE_LoadAnimateDiffModel", ["mm.ckpt"])
    graph = small.ui()
    graph["nodes"][0]["properties"]["deep"] = deep
    graph["nodes"].append({"id": 9, "type": "Other", "widgets_values": deep})
    written, _ = migrate(graph, HOST)
    assert written["nodes"][-1] is graph["nodes"][-1]


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _spots(value[key])


def mutated(workflow: Any, chance: random.Random) -> Any:
    spots = list(_spots(workflow))
    for _ in range(chance.randint(1, 6)):
        place, key = chance.choice(spots)
        other, other_key = chance.choice(spots)
        try:
            way = chance.random()
            if way < 0.6:
                place[key] = copy.deepcopy(chance.choice(JUNK))
            elif way < 0.75:
                del place[key]
            elif way < 0.9:
                place[key] = copy.deepcopy(other[other_key])
            else:
                place.insert(chance.randint(0, len(place)), copy.deepcopy(place[key]))
        except (KeyError, IndexError, AttributeError):
            # an earlier change took that place away
            continue
    return workflow


def _workflows() -> list[str]:
    ids = sorted({rule.old for rule in FAMILY} - NESTED - PARTED - CAMERA)
    found = []
    for start in range(0, len(ids), 7):
        small = Small()
        for id in ids[start : start + 7]:
            placed(small, id)
        found += [json.dumps(small.ui()), json.dumps(small.api())]
    return [*found, *[json.dumps(grouped())] * 3]


def test_mutated_workflows() -> None:
    chance = random.Random(5)
    workflows = _workflows()
    changed = 0
    for _ in range(ROUNDS):
        workflow = mutated(json.loads(chance.choice(workflows)), chance)
        before = json.dumps(workflow)
        written, report = migrate(workflow, HOST)
        assert json.dumps(workflow) == before, "what came in was changed"
        json.dumps(report.as_json())
        json.dumps(written)
        changed += written is not workflow
        if written is not workflow and "nodes" in written:
            done = {entry.id for entry in report.done}
            left = {node["id"] for node in written["nodes"]}
            groups = {node["id"] for node in workflow["nodes"] if str(node["type"]).startswith("workflow/")}
            assert {node["id"] for node in workflow["nodes"]} - done - groups <= left, "a node was lost"
    assert changed > ROUNDS / 2
