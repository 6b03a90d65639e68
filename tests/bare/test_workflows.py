"""What the templates say of themselves, before any ComfyUI reads them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.pack import ROOT
from tests.harness.templates import WEIGHT_FILES, find, short_name, template_paths

FOLDERS = {
    "CheckpointLoaderSimple": "checkpoints",
    "LoraLoaderModelOnly": "loras",
    "ControlNetLoader": "controlnet",
    "LoadDA3Model": "geometry_estimation",
    "FrameInterpolationModelLoader": "frame_interpolation",
    "KinemaLoadMotionModule": "animatediff_models",
    "KinemaCameraControl": "animatediff_models",
    "KinemaLoadMotionLora": "animatediff_motion_lora",
    "KinemaApplyDomainAdapter": "loras",
    "KinemaAnimateModel": "loras",
    "KinemaLoadSparseControl": "controlnet",
    "KinemaLoadAnimateAnyone": "animate_anyone",
    "KinemaApplyTuneAVideo": "tune_a_video",
    "VAELoader": "vae",
    "CLIPVisionLoader": "clip_vision",
}
"""Where the files that a node lists lie."""
WORKFLOWS = {short_name(path): json.loads(path.read_text()) for path in template_paths()}


def nodes() -> Iterator[dict[str, Any]]:
    """Every node of every template."""
    for workflow in WORKFLOWS.values():
        yield from workflow["nodes"]


def test_no_two_templates_share_an_id() -> None:
    """A running job's pictures go to the node of that id in whatever graph is open."""
    assert len({workflow["id"] for workflow in WORKFLOWS.values()}) == len(WORKFLOWS)
    for ids in ([node["id"] for node in nodes()], [link[0] for w in WORKFLOWS.values() for link in w["links"]]):
        assert len(ids) == len(set(ids))
    # what is added to one template stays below the ids of the next
    for path in template_paths():
        number, workflow = int(path.stem.split()[0]), WORKFLOWS[short_name(path)]
        assert {node["id"] // 100 for node in workflow["nodes"]} == {number}
        assert workflow["last_node_id"] == max(node["id"] for node in workflow["nodes"])
        assert workflow["last_link_id"] >= max(link[0] for link in workflow["links"])


@pytest.mark.parametrize("name", WORKFLOWS)
def test_links_join_the_sockets_that_name_them(name: str) -> None:
    by_id = {node["id"]: node for node in WORKFLOWS[name]["nodes"]}
    for link, source, output, target, socket, kind in WORKFLOWS[name]["links"]:
        assert link in by_id[source]["outputs"][output]["links"]
        assert by_id[target]["inputs"][socket]["link"] == link
        assert by_id[source]["outputs"][output]["type"] == kind
    joined = [socket["link"] for node in by_id.values() for socket in node["inputs"] if socket["link"] is not None]
    assert sorted(joined) == sorted(link[0] for link in WORKFLOWS[name]["links"])


def test_every_model_file_has_a_folder_and_an_address() -> None:
    """ComfyUI's front end offers them for download."""
    seen: dict[str, dict[str, str]] = {}
    for node in nodes():
        values = node.get("widgets_values", [])
        files = [value for value in values if isinstance(value, str) and value.endswith(WEIGHT_FILES)]
        models = node["properties"].get("models", [])
        assert [model["name"] for model in models] == files
        for model in models:
            assert model["directory"] == FOLDERS[node["type"]]
            assert model["url"].startswith("https://huggingface.co/")
            assert "/resolve/main/" in model["url"]
            assert model["url"].rsplit("/", 1)[1] == model["name"]
            assert seen.setdefault(model["name"], model) == model


def test_templates_load_only_what_everybody_has() -> None:
    loaded = {(node["type"], node["widgets_values"][0]) for node in nodes() if node["type"].startswith("LoadImage")}
    assert loaded == {("LoadImage", "example.png")}
    for kind in ("LoadVideo", "LoadAudio"):
        assert {node["widgets_values"][0] for node in nodes() if node["type"] == kind} == {""}


def test_the_readme_is_short_and_lists_every_template() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(readme.split()) < 1500
    for path in template_paths():
        assert f"[{path.stem}](workflows/{path.name.replace(' ', '%20')})" in readme


def test_a_template_is_found_by_either_name() -> None:
    assert find("text-to-video") == find("01 Text to Video") == find(str(find("text-to-video")))
    with pytest.raises(FileNotFoundError, match="There is no template nothing. Give a path, or one of: text-to-video"):
        find("nothing")
