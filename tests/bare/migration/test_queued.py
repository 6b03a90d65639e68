"""Requests that queue prompts: old nodes are replaced, and all that names them keeps step; nothing else is touched."""

import copy
import json
import random
from typing import Any

import pytest
from kinema.motion.migration import migrate_request
from kinema.motion.migration.tables import FAMILY, RULES

from .places import placed
from .small import HOST, Small
from .test_damage import mutated
from .test_table import CAMERA, NESTED, PARTED

ROUNDS = 600
"""Mutated requests; 20,000 take half a minute."""


def clip(**values: Any) -> Small:
    """A clip that is saved by an old node."""
    small = Small()
    small.node("VHS_VideoCombine", {"frame_rate": 8, "format": "video/h264-mp4", **values}, images=small.source())
    return small


def request(small: Small, **more: Any) -> dict[str, Any]:
    info = {"workflow": small.ui(as_dict=True)}
    return {"prompt": small.api(), "client_id": "me", "extra_data": {"extra_pnginfo": info}, **more}


def test_prompt_and_saved_graph_have_the_same_nodes() -> None:
    sent = request(clip())
    before = copy.deepcopy(sent)
    now, report = migrate_request(sent, HOST)
    assert sent == before
    assert [node["class_type"] for node in now["prompt"].values()] == ["Source", "KinemaCombineVideo"]
    graph = now["extra_data"]["extra_pnginfo"]["workflow"]
    assert [node["type"] for node in graph["nodes"]] == ["Source", "KinemaCombineVideo"]
    assert now["client_id"] == "me"
    assert report.packs == {"VideoHelperSuite": 1}


def test_what_the_front_end_alone_knows_stays_in_the_saved_graph() -> None:
    small = clip()
    small.node("SetNode", {"name": "frames"}, IMAGE=1)
    small.node("GetNode", {"name": "frames"})
    sent = request(small)
    # the front end resolves these before it queues
    del sent["prompt"]["3"], sent["prompt"]["4"]
    now, _ = migrate_request(sent, HOST)
    graph = now["extra_data"]["extra_pnginfo"]["workflow"]
    assert [node["type"] for node in graph["nodes"]] == ["Source", "KinemaCombineVideo", "SetNode", "GetNode"]


@pytest.mark.parametrize("extra", [None, [], "x", {}, {"extra_pnginfo": None}, {"extra_pnginfo": {"workflow": 3}}])
def test_odd_extra_data_stays(extra: Any) -> None:
    now, _ = migrate_request({"prompt": clip().api(), "extra_data": extra}, HOST)
    assert now["extra_data"] is extra


def test_targets_follow_their_nodes() -> None:
    small = clip()
    # decodes its latents here, beside what saves them
    latents = small.node("EmptyLatentImage", {"width": 64})
    small.node("VHS_VideoCombine", {"frame_rate": 8}, images=latents, vae=1)
    targets = ["2", "4", "1", 7, None, "gone"]
    now, report = migrate_request(request(small, partial_execution_targets=targets), HOST | {"EmptyLatentImage"})
    moved = now["partial_execution_targets"]
    saving = {key for key, node in now["prompt"].items() if node["class_type"] == "KinemaCombineVideo"}
    assert len(saving) == 2
    assert saving <= {key for key in moved if isinstance(key, str)}
    assert [key for key in moved if key in ("1", 7, None, "gone")] == ["1", 7, None, "gone"]
    for entry in report.done:
        assert [now["prompt"][str(key)]["class_type"] for key in entry.now] == list(entry.became)


@pytest.mark.parametrize(
    "sent",
    [
        *(None, [], "x", 3, {}, {"prompt": None}, {"prompt": []}, {"prompt": {}}, {"prompt": {"1": None, "2": "x"}}),
        {"prompt": {"1": {"class_type": "Source", "inputs": {}}}},
        {"prompt": {"1": {"class_type": "Unknown", "inputs": {"a": ["2", 0]}}}},
        {"prompt": {"1": {"class_type": "VHS_VideoCombine", "inputs": []}}},
        {"prompt": clip().ui()},
    ],
)
def test_what_needs_nothing_or_cannot_be_read_stays_the_same_object(sent: Any) -> None:
    now, report = migrate_request(sent, HOST)
    assert now is sent
    assert not report.done


def test_what_is_installed_stays_the_same_object() -> None:
    sent = request(clip())
    assert migrate_request(sent, HOST | {"VHS_VideoCombine"})[0] is sent


def test_odd_entries_beside_old_nodes_stay() -> None:
    prompt = clip().api()
    odd = {"note": "by me", "none": None, "number": 3, "list": [1], "no class": {"inputs": {}}, "{{slot}}": {}}
    now, _ = migrate_request({"prompt": {**odd, **prompt, "7": {"class_type": "{{node}}"}}}, HOST)
    assert {key: now["prompt"][key] for key in odd} == odd
    assert now["prompt"]["2"]["class_type"] == "KinemaCombineVideo"
    assert now["prompt"]["7"] == {"class_type": "{{node}}"}


@pytest.mark.parametrize(
    "inputs",
    [
        {"images": ["1", 0]},
        {"images": [1, 0]},
        {"images": ["1", 0], "frame_rate": "{{fps}}", "format": "{{format}}", "filename_prefix": "{{name}}"},
        {"images": ["1", 0], "frame_rate": [8], "loop_count": [[8]], "pingpong": {}, "save_output": None},
        {"images": ["1", 0], "frame_rate": ["1", 0], "format": ["1", 0]},
        {},
    ],
)
def test_inputs_as_programs_write_them(inputs: dict[str, Any]) -> None:
    sent = {"prompt": {"1": {"class_type": "Source"}, "2": {"class_type": "VHS_VideoCombine", "inputs": inputs}}}
    now, _ = migrate_request(sent, HOST)
    made = now["prompt"]["2"]
    assert made["class_type"] == "KinemaCombineVideo"
    assert made["inputs"].get("images") == (["1", 0] if inputs else None)
    assert "_meta" not in made


def _requests() -> list[str]:
    ids = sorted({rule.old for rule in FAMILY} - NESTED - PARTED - CAMERA)
    found = []
    for start in range(0, len(ids), 5):
        small = clip()
        for id in ids[start : start + 5]:
            placed(small, id)
        found.append(json.dumps(request(small, partial_execution_targets=["2"])))
    return found


def test_mutated_requests() -> None:
    chance = random.Random(7)
    texts = _requests()
    changed = 0
    for _ in range(ROUNDS):
        sent = mutated(json.loads(chance.choice(texts)), chance)
        before = json.dumps(sent)
        now, report = migrate_request(sent, HOST)
        assert json.dumps(sent) == before, "what came in was changed"
        json.dumps(report.as_json())
        json.dumps(now)
        if now is sent:
            continue
        changed += 1
        done = {str(entry.id) for entry in report.done}
        for key, entry in sent["prompt"].items():
            kind = entry.get("class_type") if isinstance(entry, dict) else None
            if not isinstance(kind, str) or kind not in RULES:
                assert key in now["prompt"], "a node was lost"
            elif key not in done and key in now["prompt"]:
                assert now["prompt"][key].get("class_type") == kind
    assert changed > ROUNDS / 2
