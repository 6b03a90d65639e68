"""A server with nodes of other packs, and with a file in every folder of models."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kinema.motion.migration import LOADERS

from tests.harness import client
from tests.harness.server import Server

from ..conftest import the_host
from .test_prompts import node, watched

WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COMFY_DYNAMICCOMBO_V3"})
TRAINING = {"TrainLoraNode"}
"""Nodes that list models but load none."""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tmp_path_factory.mktemp("models")
    for folder in {folder for inputs in LOADERS.values() for one in inputs for folder in one.folders}:
        (models / folder).mkdir()
        (models / folder / f"probe-{folder}.safetensors").touch()
    with Server(the_host(), [models], ["--cpu"], packs=[Path(__file__).parent / "other_packs"]) as running:
        yield running


def test_installed_nodes_are_left_alone(crowded: Server) -> None:
    prompt = {"1": node("VHS_LoadVideo", video="none.mp4"), "2": node("PreviewImage", images=["1", 0])}
    outcome, reports = watched(crowded, prompt)
    assert outcome.status == "success", outcome.message
    assert reports == []
    prompt["2"] = node("VHS_VideoCombine", images=["1", 0], frame_rate=8)
    outcome, reports = watched(crowded, prompt)
    assert outcome.status == "success", outcome.message
    assert [entry["type"] for entry in reports[0]["nodes"]] == ["VHS_VideoCombine"]


def lists(info: dict[str, Any]) -> list[tuple[str, int, tuple[str, ...]]]:
    """Name, place among the widgets, and folders of each list of model files of a node."""
    found, place = [], 0
    for group in ("required", "optional"):
        for name, spec in (info["input"].get(group) or {}).items():
            settings = spec[1] if len(spec) > 1 else {}
            choices = spec[0] if isinstance(spec[0], list) else settings.get("options") or ()
            folders = {each[6:-12] for each in choices if isinstance(each, str) and each.startswith("probe-")}
            if folders:
                found.append((name, place, tuple(sorted(folders))))
            kind = spec[0] if isinstance(spec[0], str) else "COMBO"
            place += (kind in WIDGETS or settings.get("widgetType") in WIDGETS) and not settings.get("forceInput")
    return found


def test_every_list_of_model_files_is_known(crowded: Server) -> None:
    object_info = client.get_json(crowded.url, "/object_info")
    there = {kind: found for kind, info in object_info.items() if (found := lists(info)) and kind not in TRAINING}
    assert there == {
        kind: [(one.name, one.place, tuple(sorted(one.folders))) for one in inputs] for kind, inputs in LOADERS.items()
    }
