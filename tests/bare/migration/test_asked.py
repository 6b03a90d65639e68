"""Names of model files in workflows: those that are there under another name are found, the others are asked for."""

import copy
import json
import random
import time
from collections.abc import Collection
from typing import Any

import pytest
from kinema.motion.migration import LOADERS, Report, migrate

from .small import HOST, Small
from .test_damage import mutated
from .test_queued import clip

KNOWN = HOST | LOADERS.keys()
FILES = ["sd15/dream.safetensors", "mm_sd_v15_v2.safetensors", "one/b.ckpt", "two/b.ckpt"]


def files(type: str, name: str) -> Collection[str] | None:
    """The same files in every list, but for one kind that is not there."""
    return None if type == "GLIGENLoader" else [*FILES, "none"] if type == "KinemaAnimateModel" else FILES


def loaded(name: str, kind: str = "KinemaLoadMotionModule", input: str = "motion_module") -> Small:
    small = Small()
    small.sink(a=small.node(kind, {input: name}))
    return small


def texts(report: Report) -> list[str]:
    return [entry.text for entry in report.models]


def widgets(graph: dict[str, Any], kind: str) -> list[Any]:
    (node,) = (node for node in graph["nodes"] if node["type"] == kind)
    return node["widgets_values"]


def notes(graph: dict[str, Any], kind: str) -> list[str]:
    (node,) = (node for node in graph["nodes"] if node["type"] == kind)
    return node["properties"].get("kinema", {}).get("notes", [])


def test_our_own_loaders_find_files_in_any_workflow() -> None:
    small = loaded("models\\mm_sd_v15_v2.ckpt")
    said = ["motion_module is mm_sd_v15_v2.safetensors: the workflow asks for models\\mm_sd_v15_v2.ckpt."]
    graph, report = migrate(small.ui(), KNOWN, files)
    assert widgets(graph, "KinemaLoadMotionModule") == ["mm_sd_v15_v2.safetensors"]
    assert texts(report) == said
    assert report.headline == "1 model file found under another name."
    prompt, report = migrate(small.api(), KNOWN, files)
    assert prompt["1"]["inputs"] == {"motion_module": "mm_sd_v15_v2.safetensors"}
    assert texts(report) == said


@pytest.mark.parametrize("name", ["mm_sd_v15_v2.safetensors", "one/b.ckpt", "", " ", "none", 3, None, ["a"]])
def test_what_is_there_or_no_name_stays_the_same_object(name: Any) -> None:
    for workflow in (loaded(name).ui(), loaded(name).api()):
        now, report = migrate(workflow, KNOWN, files)
        assert now is workflow
        assert report.models == []


def test_a_question_alone_changes_nothing() -> None:
    for workflow in (loaded("b.ckpt").ui(), loaded("b.ckpt").api()):
        now, report = migrate(workflow, KNOWN, files)
        assert now is workflow
        (entry,) = report.models
        assert (entry.found, entry.candidates) == ("", ("one/b.ckpt", "two/b.ckpt"))
        assert "one of: one/b.ckpt, two/b.ckpt" in entry.text


def with_host_loader(name: str) -> Small:
    small = clip()
    small.node("LoraLoader", {"lora_name": name, "strength_model": 1.0, "strength_clip": 1.0}, model=1, clip=1)
    return small


def ui(small: Small) -> dict[str, Any]:
    graph = small.ui(as_dict=True)
    for node in graph["nodes"]:
        if node["type"] in LOADERS:
            node["widgets_values"] = list(node["widgets_values"].values())
    return graph


def test_loaders_of_the_host_find_files_in_what_is_migrated() -> None:
    small = with_host_loader("dream.ckpt")
    graph, _ = migrate(ui(small), KNOWN, files)
    assert widgets(graph, "LoraLoader") == ["sd15/dream.safetensors", 1.0, 1.0]
    assert notes(graph, "LoraLoader") == []
    prompt, _ = migrate(small.api(), KNOWN, files)
    assert prompt["3"]["inputs"]["lora_name"] == "sd15/dream.safetensors"
    untouched = ui(small)
    assert migrate(untouched, KNOWN | {"VHS_VideoCombine"}, files)[0] is untouched


def test_questions_stand_on_the_node_once() -> None:
    graph, _ = migrate(ui(with_host_loader("b.pt")), KNOWN, files)
    assert widgets(graph, "LoraLoader")[0] == "b.pt"
    (note,) = notes(graph, "LoraLoader")
    assert note.startswith("lora_name: b.pt is not there, or not only once.")
    again = copy.deepcopy(graph)
    # as if somebody went on with a graph of before
    again["nodes"].append({"id": 9, "type": "ADE_LoadAnimateDiffModel", "widgets_values": ["mm_sd_v15_v2.ckpt"]})
    assert notes(migrate(again, KNOWN, files)[0], "LoraLoader") == [note]
    again["nodes"][2]["widgets_values"][0] = "dream.pt"
    assert notes(migrate(again, KNOWN, files)[0], "LoraLoader") == []


def test_nodes_that_the_migration_makes() -> None:
    small = Small()
    small.sink(a=small.node("ADE_LoadAnimateDiffModel", {"model_name": "b.ckpt"}))
    small.sink(a=small.node("ADE_LoadAnimateDiffModel", {"model_name": "sub/mm_sd_v15_v2.ckpt"}))
    graph, report = migrate(small.ui(), KNOWN, files)
    made = [node for node in graph["nodes"] if node["type"] == "KinemaLoadMotionModule"]
    assert [node["widgets_values"] for node in made] == [["b.ckpt"], ["mm_sd_v15_v2.safetensors"]]
    assert made[0]["properties"]["kinema"]["from"] == "ADE_LoadAnimateDiffModel"
    assert len(made[0]["properties"]["kinema"]["notes"]) == 1
    assert "notes" not in made[1]["properties"]["kinema"]
    assert [bool(entry.found) for entry in report.models] == [False, True]


def test_widgets_with_a_wire_are_left() -> None:
    small = with_host_loader("dream.ckpt")
    small.nodes[3]["wires"]["lora_name"] = (1, 0)
    graph, report = migrate(ui(small), KNOWN, files)
    assert widgets(graph, "LoraLoader")[0] == "dream.ckpt"
    prompt, _ = migrate(small.api(), KNOWN, files)
    assert prompt["3"]["inputs"]["lora_name"] == ["1", 0]
    assert report.models == []


def test_the_place_of_a_name_behind_other_widgets() -> None:
    small = Small()
    values = {"beta_schedule": "auto", "motion_scale": 1, "effect_strength": 1, "start_percent": 0, "end_percent": 1}
    small.node("KinemaAnimateModel", {**values, "domain_adapter": "dream.ckpt", "adapter_strength": 1.0})
    graph, _ = migrate(small.ui(), KNOWN, files)
    assert widgets(graph, "KinemaAnimateModel") == ["auto", 1, 1, 0, 1, "sd15/dream.safetensors", 1.0]
    # as saved when there was no adapter yet
    small.nodes[1]["values"] = values
    graph = small.ui()
    assert migrate(graph, KNOWN, files)[0] is graph


def test_lists_that_are_not_known_are_left() -> None:
    small = clip()
    small.node("GLIGENLoader", {"gligen_name": "b.ckpt"})
    prompt, report = migrate(small.api(), KNOWN, files)
    assert prompt["3"]["inputs"]["gligen_name"] == "b.ckpt"
    assert report.models == []
    assert migrate(small.api(), KNOWN)[1].models == []


def test_subgraphs() -> None:
    inner = {**loaded("x/mm_sd_v15_v2.pt").ui(), "id": "in", "name": "Inside"}
    graph = {**loaded("b.ckpt").ui(), "definitions": {"subgraphs": [inner, None, {"id": "odd"}]}}
    now, report = migrate(graph, KNOWN, files)
    assert widgets(now["definitions"]["subgraphs"][0], "KinemaLoadMotionModule") == ["mm_sd_v15_v2.safetensors"]
    assert now["definitions"]["subgraphs"][1:] == [None, {"id": "odd"}]
    assert [entry.scope for entry in report.models] == ["", "Inside"]
    # a question goes onto its node where the workflow is written anyway
    assert len(notes(now, "KinemaLoadMotionModule")) == 1
    assert now["nodes"][1] is graph["nodes"][1]


def test_many_names_take_time_by_their_number() -> None:
    names = [f"folder/{number:05}.safetensors" for number in range(5000)]

    def seconds(count: int) -> float:
        small = Small()
        for number in range(count):
            small.node("KinemaLoadMotionModule", {"motion_module": f"missing {number} {'x' * 300}.ckpt"})
        prompt = small.api()
        start = time.process_time()
        _, report = migrate(prompt, KNOWN, lambda *_: names)
        assert len(report.models) == count
        return time.process_time() - start

    seconds(10)
    assert seconds(4000) < 12 * max(seconds(1000), 0.05)


def test_mutated_names() -> None:
    chance = random.Random(3)
    sources = [with_host_loader("dream.ckpt"), with_host_loader("b.ckpt"), loaded("x\\mm_sd_v15_v2.pt")]
    texts = [json.dumps(one) for small in sources for one in (ui(small), small.api())]
    for _ in range(1500):
        workflow = mutated(json.loads(chance.choice(texts)), chance)
        before = json.dumps(workflow)
        now, report = migrate(workflow, KNOWN, files)
        assert json.dumps(workflow) == before, "what came in was changed"
        json.dumps([now, report.as_json()])
