"""Graphs that people share, by what they did: which nodes stand there now, in which order, with which values."""

import copy
from typing import Any

import pytest
from kinema.motion.migration import migrate

from .places import placed
from .small import HOST, Small, wired


def chain(prompt: dict[str, Any], end: str, name: str = "model") -> list[str]:
    """Types along an input, from the end to the beginning."""
    found: list[str] = []
    link = prompt[end]["inputs"].get("a")
    while isinstance(link, list) and link[0] in prompt:
        node = prompt[link[0]]
        found.append(node["class_type"])
        link = node["inputs"].get(name)
    return found


def only(prompt: dict[str, Any], type: str) -> dict[str, Any]:
    """The inputs of the one node of a type."""
    found = [node["inputs"] for node in prompt.values() if node["class_type"] == type]
    assert len(found) == 1, (type, len(found))
    return found[0]


def gen1(small: Small, **more: Any) -> int:
    """A loader of generation 1 with context."""
    values = {
        "model_name": "mm_sd_v15_v2.ckpt",
        "beta_schedule": "sqrt_linear (AnimateDiff)",
        "motion_scale": 1.2,
        "apply_v2_models_properly": True,
    }
    return small.node("ADE_AnimateDiffLoaderWithContext", values | more.pop("values", {}), model=small.source(), **more)


def context(small: Small, kind: str = "ADE_AnimateDiffUniformContextOptions", **more: Any) -> int:
    """The context options of old graphs, without fuse_method."""
    values = {"context_length": 16, "context_stride": 2, "context_overlap": 4, "context_schedule": "uniform"}
    return small.node(kind, values | {"closed_loop": True} | more.pop("values", {}), **more)


def test_loader_with_context() -> None:
    small = Small()
    end = small.sink(a=gen1(small, context_options=context(small)))
    prompt, report = migrate(small.api(), HOST)
    assert chain(prompt, str(end)) == ["KinemaSlidingContext", "KinemaAnimateModel", "Source"]
    windows = only(prompt, "KinemaSlidingContext")
    assert windows["context_schedule"] == "looped_uniform"
    assert windows["fuse_method"] == "flat", "what the node did before it had a choice"
    assert (windows["context_stride"], windows["closed_loop"]) == (2, True)
    animate = only(prompt, "KinemaAnimateModel")
    assert (animate["motion_scale"], animate["beta_schedule"]) == (1.2, "sqrt_linear (AnimateDiff)")
    assert only(prompt, "KinemaLoadMotionModule") == {"motion_module": "mm_sd_v15_v2.ckpt"}
    assert report.headline == "2 nodes from AnimateDiff-Evolved now run on Kinema and ComfyUI."


def test_one_context_for_two_loaders_becomes_two() -> None:
    small = Small()
    options = context(small)
    ends = [small.sink(a=gen1(small, context_options=options)) for _ in range(2)]
    prompt, _ = migrate(small.api(), HOST)
    for end in ends:
        assert chain(prompt, str(end)) == ["KinemaSlidingContext", "KinemaAnimateModel", "Source"]
    graph, _ = migrate(small.ui(), HOST)
    wired(graph)
    places = [tuple(node["pos"]) for node in graph["nodes"] if node["type"] == "KinemaSlidingContext"]
    assert len(set(places)) == 2


def test_generation_2() -> None:
    small = Small()
    loader = small.node("ADE_LoadAnimateDiffModel", {"model_name": "v3_sd15_mm.ckpt"})
    first = small.node("ADE_ApplyAnimateDiffModelSimple", motion_model=loader)
    second = small.node(
        "ADE_ApplyAnimateDiffModel",
        {"start_percent": 0.2, "end_percent": 0.9},
        motion_model=loader,
        prev_m_models=first,
    )
    windows = small.node(
        "ADE_StandardStaticContextOptions",
        {"context_length": 12, "context_overlap": 3, "fuse_method": "🔬random"},
    )
    cfg = small.node("ADE_CustomCFGSimple", {"cfg": 2.5})
    iterations = small.node("ADE_IterationOptsFreeInit", {"iterations": 3, "filter": "butterworth"})
    sigmas = small.node("ADE_SigmaSchedule", {"beta_schedule": "lcm >> sqrt_linear"})
    settings = small.node(
        "ADE_AnimateDiffSamplingSettings",
        {"batch_offset": 0, "noise_type": "FreeNoise", "seed_gen": "auto1111 [gpu]", "seed_offset": 7},
        custom_cfg=cfg,
        iteration_opts=iterations,
        sigma_schedule=sigmas,
    )
    used = small.node(
        "ADE_UseEvolvedSampling",
        {"beta_schedule": "autoselect"},
        model=small.source(),
        m_models=second,
        context_options=windows,
        sample_settings=settings,
    )
    end = small.sink(a=used)
    prompt, report = migrate(small.api(), HOST)
    assert chain(prompt, str(end)) == [
        "CFGOverride",
        "KinemaFreeInit",
        "KinemaClipNoise",
        "KinemaSlidingContext",
        "KinemaAnimateModel",
        "KinemaAnimateModel",
        "Source",
    ]
    noise = only(prompt, "KinemaClipNoise")
    assert (noise["noise_type"], noise["seeding"], noise["seed_offset"]) == ("FreeNoise", "auto1111", 7)
    assert (noise["context_length"], noise["context_overlap"]) == (12, 3), "the windows' own"
    assert only(prompt, "KinemaSlidingContext")["fuse_method"] == "pyramid"
    assert only(prompt, "CFGOverride")["cfg"] == 2.5
    animates = [node["inputs"] for node in prompt.values() if node["class_type"] == "KinemaAnimateModel"]
    assert {animate["beta_schedule"] for animate in animates} == {"lcm >> sqrt_linear"}, "sample settings win"
    notes = " ".join(note for entry in report.entries for note in entry.notes)
    assert "🔬random" in notes
    assert "[gpu]" in notes
    assert not report.kept


def test_free_noise_without_windows_is_plain_noise() -> None:
    small = Small()
    settings = small.node(
        "ADE_AnimateDiffSamplingSettings",
        {"batch_offset": 0, "noise_type": "FreeNoise", "seed_gen": "comfy", "seed_offset": 0},
    )
    end = small.sink(a=gen1(small, sample_settings=settings))
    prompt, _ = migrate(small.api(), HOST)
    assert chain(prompt, str(end)) == ["KinemaAnimateModel", "Source"]


def test_evolved_sampling_without_a_motion_model() -> None:
    for schedule, wanted in (("lcm", ["KinemaBetaSchedule", "Source"]), ("autoselect", ["Source"])):
        small = Small()
        used = small.node("ADE_UseEvolvedSampling", {"beta_schedule": schedule}, model=small.source())
        end = small.sink(a=used)
        prompt, _ = migrate(small.api(), HOST)
        assert chain(prompt, str(end)) == wanted


@pytest.mark.parametrize("mode", [2, 4])
def test_settings_that_are_off_stay_off(mode: int) -> None:
    small = Small()
    end = small.sink(a=gen1(small, context_options=context(small, mode=mode)))
    graph, _ = migrate(small.ui(), HOST)
    wired(graph)
    modes = {node["type"]: node["mode"] for node in graph["nodes"]}
    assert modes["KinemaSlidingContext"] == 4, "bypassed, so that the model goes on"
    assert modes["KinemaAnimateModel"] == 0
    assert end in {node["id"] for node in graph["nodes"]}


@pytest.mark.parametrize("mode", [2, 4])
def test_nodes_that_are_off_stay_off(mode: int) -> None:
    small = Small()
    small.sink(a=gen1(small, context_options=context(small), mode=mode))
    graph, _ = migrate(small.ui(), HOST)
    made = [node for node in graph["nodes"] if "kinema" in node["properties"]]
    assert {node["mode"] for node in made} == {mode}


def test_titles_colours_ids_and_places() -> None:
    small = Small()
    loader = gen1(small, context_options=context(small, title="My windows"), title="My motion")
    small.sink(a=loader)
    graph = small.ui()
    for node in graph["nodes"]:
        node |= {"color": "#322", "bgcolor": "#533"}
    written, _ = migrate(graph, HOST)
    nodes = {node["type"]: node for node in written["nodes"]}
    assert nodes["KinemaAnimateModel"]["id"] == loader
    assert nodes["KinemaAnimateModel"]["title"] == "My motion"
    assert nodes["KinemaSlidingContext"]["title"] == "My windows"
    assert nodes["KinemaSlidingContext"]["color"] == "#322"
    old = {node["type"]: node for node in graph["nodes"]}
    assert nodes["KinemaAnimateModel"]["pos"] == old["ADE_AnimateDiffLoaderWithContext"]["pos"]
    assert nodes["KinemaSlidingContext"]["pos"] == old["ADE_AnimateDiffUniformContextOptions"]["pos"]
    assert nodes["KinemaAnimateModel"]["properties"]["kinema"]["from"] == "ADE_AnimateDiffLoaderWithContext"


def test_untouched_nodes_are_the_same_objects() -> None:
    small = Small()
    loader = gen1(small)
    small.sink(a=loader)
    alone = [small.source(), small.node("NeverHeardOf", ["x", 1])]
    small.sink(b=alone[1])
    graph = small.ui()
    written, report = migrate(graph, HOST)
    before = {node["id"]: node for node in graph["nodes"]}
    kept = [node for node in written["nodes"] if node["id"] != loader and node["id"] in before]
    assert all(node is before[node["id"]] for node in kept)
    assert report.unknown == {"NeverHeardOf": 1}


def test_nothing_to_do_is_the_same_object() -> None:
    small = Small()
    small.sink(a=small.source())
    for workflow in (small.ui(), small.api()):
        written, report = migrate(workflow, HOST)
        assert written is workflow
        assert report.headline == "Nothing to migrate."


def test_installed_nodes_are_left_alone() -> None:
    small = Small()
    small.sink(a=gen1(small))
    workflow = small.ui()
    written, report = migrate(workflow, HOST | {"ADE_AnimateDiffLoaderWithContext"})
    assert written is workflow
    assert not report.entries


def test_behind_reroutes_and_set_and_get_nodes() -> None:
    small = Small()
    setter = small.node("SetNode", {"name": "windows"}, a=small.node("Reroute", x=context(small)))
    assert setter
    getter = small.node("GetNode", {"name": "windows"})
    model = small.node("Reroute", x=gen1(small, context_options=getter))
    small.sink(a=model)
    graph = small.ui()
    written, report = migrate(graph, HOST)
    wired(written)
    types = sorted(node["type"] for node in written["nodes"])
    assert types == [
        "KinemaAnimateModel",
        "KinemaLoadMotionModule",
        "KinemaSlidingContext",
        "Reroute",
        "Sink",
        "Source",
    ]
    assert not report.kept


def test_a_setting_that_others_read_stays() -> None:
    small = Small()
    options = context(small)
    small.sink(a=gen1(small, context_options=options))
    small.node("NeverHeardOf", context_options=options)
    written, report = migrate(small.ui(), HOST)
    wired(written)
    types = [node["type"] for node in written["nodes"]]
    assert "ADE_AnimateDiffUniformContextOptions" in types
    assert "KinemaSlidingContext" in types
    assert report.kept[0].reason == "it is still read by NeverHeardOf"


def test_inside_of_a_subgraph() -> None:
    small = Small()
    small.sink(a=gen1(small, context_options=context(small)))
    inner = small.ui()
    rows = [
        dict(zip(("id", "origin_id", "origin_slot", "target_id", "target_slot", "type"), row, strict=True))
        for row in inner["links"]
    ]
    # the model comes from outside
    source = next(node for node in inner["nodes"] if node["type"] == "Source")
    rows[0]["origin_id"] = -10
    subgraph = {
        "id": "5b1d",
        "name": "My subgraph",
        "inputNode": {"id": -10},
        "outputNode": {"id": -20},
        "inputs": [{"name": "model", "type": "MODEL", "linkIds": [1]}],
        "outputs": [],
        "nodes": [node for node in inner["nodes"] if node is not source],
        "links": rows,
    }
    outer = {"nodes": [{"id": 99, "type": "5b1d", "inputs": []}], "links": [], "version": 0.4}
    workflow = outer | {"definitions": {"subgraphs": [subgraph]}}
    before = copy.deepcopy(workflow)
    written, report = migrate(workflow, HOST)
    assert workflow == before
    assert written["nodes"] is outer["nodes"]
    made = written["definitions"]["subgraphs"][0]
    types = {node["type"]: node for node in made["nodes"]}
    animate = types["KinemaAnimateModel"]
    row = next(row for row in made["links"] if row["id"] == animate["inputs"][0]["link"])
    assert (row["origin_id"], row["target_id"]) == (-10, animate["id"])
    assert made["inputs"][0]["linkIds"] == [row["id"]]
    assert {entry.scope for entry in report.entries} == {"My subgraph"}
    assert 99 not in {node["id"] for node in made["nodes"]}
    assert not report.unknown


def grouped() -> dict[str, Any]:
    """A loader with its context in a group node, which shows the model and all widgets."""
    small = Small()
    loader = gen1(small, context_options=context(small))
    inner = small.ui()
    inside = [node for node in inner["nodes"] if node["type"] != "Source"]
    for node, name in zip(inside, ("CONTEXT_OPTIONS", "MODEL"), strict=True):
        node["outputs"] = [{"name": name, "type": name, "links": []}]
    place = {node["id"]: index for index, node in enumerate(inside)}
    links = [
        [place[row[1]], row[2], place[row[3]], row[4], row[1], row[5]] for row in inner["links"] if row[1] in place
    ]
    outer = Small()
    source = outer.source()
    values = [value for node in inside for value in node["widgets_values"]]
    values[0] = 24 if inside[0]["type"].endswith("ContextOptions") else values[0]
    group = outer.node("workflow/My group", values, model=source)
    outer.sink(a=group)
    graph = outer.ui()
    graph["nodes"][group - 1]["outputs"] = [{"name": "MODEL", "type": "MODEL", "links": [2]}]
    external = [[place[loader], 0, "MODEL"]]
    return graph | {"extra": {"groupNodes": {"My group": {"nodes": inside, "links": links, "external": external}}}}


def test_group_nodes_are_opened() -> None:
    graph = grouped()
    before = copy.deepcopy(graph)
    written, report = migrate(graph, HOST)
    assert graph == before
    wired(written)
    types = sorted(node["type"] for node in written["nodes"])
    assert types == ["KinemaAnimateModel", "KinemaLoadMotionModule", "KinemaSlidingContext", "Sink", "Source"]
    nodes = {node["type"]: node for node in written["nodes"]}
    assert nodes["KinemaSlidingContext"]["widgets_values"][1] == 24, "the group's own value"
    assert not report.kept


def test_a_group_that_cannot_be_told_apart_stays_closed() -> None:
    graph = grouped()
    next(node for node in graph["nodes"] if node["type"].startswith("workflow/"))["inputs"][0]["name"] = "another"
    written, report = migrate(graph, HOST)
    assert written is graph
    assert "Convert to nodes" in report.kept[0].reason


def test_checkpoint_with_a_schedule() -> None:
    small = Small()
    values = {"ckpt_name": "a.safetensors", "beta_schedule": "sqrt_linear (AnimateDiff)"}
    loaded = small.node("CheckpointLoaderSimpleWithNoiseSelect", values)
    end = small.sink(a=loaded, b=(loaded, 1), c=(loaded, 2))
    prompt, _ = migrate(small.api(), HOST)
    assert chain(prompt, str(end)) == ["KinemaBetaSchedule", "CheckpointLoaderSimple"]
    loader = str(loaded)
    assert prompt[str(end)]["inputs"]["b"] == [loader, 1]
    assert prompt[str(end)]["inputs"]["c"] == [loader, 2]


def test_unloading_is_the_model_before() -> None:
    small = Small()
    unloaded = small.node("ADE_AnimateDiffUnload", model=gen1(small))
    end = small.sink(a=unloaded)
    prompt, _ = migrate(small.api(), HOST)
    assert chain(prompt, str(end)) == ["Source"]


def test_multivals_and_keyframes() -> None:
    small = Small()
    value = small.node("ADE_MultivalDynamic", {"float_val": 1.1})
    first = small.node("ADE_AnimateDiffKeyframe", {"start_percent": 0.0}, scale_multival=value)
    last = small.node("ADE_AnimateDiffKeyframe", {"start_percent": 0.5}, prev_ad_keyframes=first, scale_multival=value)
    small.sink(a=gen1(small, ad_keyframes=last))
    prompt, _ = migrate(small.api(), HOST)
    frames = [(key, node["inputs"]) for key, node in prompt.items() if node["class_type"] == "KinemaMotionKeyframe"]
    starts = {inputs["start_percent"]: (key, inputs) for key, inputs in frames}
    assert starts[0.5][1]["previous_motion_value"] == [starts[0.0][0], 0]
    outer = next(node["inputs"] for node in prompt.values() if node["inputs"].get("value") == 1.2)
    assert outer["previous_motion_value"] == [starts[0.5][0], 0], "the loader's own scale multiplies all of them"


def test_positions_and_lora() -> None:
    small = Small()
    stretch = small.node("ADE_AdjustPESweetspotStretch", {"sweetspot": 16, "new_sweetspot": 24})
    settings = small.node("ADE_AnimateDiffSettings", pe_adjust=stretch)
    off = small.node("ADE_AnimateDiffLoRALoader", {"name": "None", "strength": 1.0})
    lora = small.node("ADE_AnimateDiffLoRALoader", {"lora_name": "ZoomIn.ckpt", "strength": 0.8}, prev_motion_lora=off)
    small.sink(a=gen1(small, motion_lora=lora, ad_settings=settings))
    prompt, _ = migrate(small.api(), HOST)
    adjust = only(prompt, "KinemaAdjustPositions")
    assert (adjust["cap"], adjust["interpolate_to"]) == (16, 24)
    assert only(prompt, "KinemaLoadMotionLora") == {"lora": "ZoomIn.ckpt", "strength": 0.8}
    animate = only(prompt, "KinemaAnimateModel")
    assert prompt[animate["motion_model"][0]]["class_type"] == "KinemaAdjustPositions"


MAIN = {
    "ADE_AnimateDiffLoaderWithContext": "KinemaAnimateModel",
    "ADE_AnimateDiffLoaderGen1": "KinemaAnimateModel",
    "VHS_VideoCombine": "KinemaCombineVideo",
    "ACN_AdvancedControlNetApply": "ControlNetApplyAdvanced",
    "BatchPromptSchedule": "KinemaPromptTravel",
    "BatchPromptScheduleLatentInput": "KinemaPromptTravel",
    "ADE_PromptSchedulingLatents": "KinemaPromptTravel",
    "AnimateDiffSampler": "KSampler",
}


@pytest.mark.parametrize("id", sorted(MAIN))
def test_the_id_stays_with_what_the_old_node_was(id: str) -> None:
    """With everything on its wires that brings nodes of its own."""
    small = Small()
    value = small.node("ADE_MultivalDynamic", {"float_val": 1.1})
    frame = small.node("ADE_AnimateDiffKeyframe", {"start_percent": 0.5}, scale_multival=value)
    wires = {"ad_keyframes": frame, "mask_optional": small.source(), "vae": small.source()}
    key = placed(small, id, **wires)
    small.nodes[key]["values"] |= {"text": '"0": "(a:`pw_a`)"', "pw_a": 0.5}
    prompt, _ = migrate(small.api(), HOST)
    assert prompt[str(key)]["class_type"] == MAIN[id]
