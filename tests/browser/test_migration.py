"""Graphs made for other packs, opened by someone who has Kinema alone."""

import base64
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kinema.motion.migration import RULES
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Page, Route, expect

from tests.harness.browser import Tab, open_tab
from tests.harness.layout import covering, measure
from tests.harness.server import Server
from tests.harness.shared.commonest import COMMONEST
from tests.harness.shared.nested import SUBGRAPH, in_group_node, in_subgraph

Graph = dict[str, Any]
LOAD = "async ([graph, name]) => { await app.loadGraphData(graph, true, true, name) }"
TYPES = "() => app.rootGraph.nodes.map(node => node.type)"
SAVED = "() => app.rootGraph.serialize()"
MISSING = "() => app.rootGraph.nodes.map(node => node.type).filter(type => !(type in LiteGraph.registered_node_types))"
TOLD = ".kinema-told"
DROP = """async ([name, type, text]) => {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    const carried = new DataTransfer()
    carried.items.add(new File([bytes], name, { type }))
    const canvas = app.canvas.canvas
    canvas.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true, clientX: 700,
                                                 clientY: 500 }))
}"""


@pytest.fixture(scope="module", params=[False, True], ids=["classic", "nodes_2"])
def drawn(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Tab]:
    """The front end in one of its ways of drawing nodes."""
    with open_tab(browser, server.url, nodes_2=request.param) as opened:
        yield opened


def load(page: Page, graph: Graph, name: str = "shared") -> None:
    page.evaluate(LOAD, [graph, name])


def family(types: list[str]) -> list[str]:
    return [type for type in types if type in RULES and type not in ("Reroute", "PrimitiveNode")]


def ours(graph: Graph) -> list[str]:
    return sorted(node["type"] for node in graph["nodes"] if node["type"].startswith("Kinema"))


@pytest.mark.parametrize("name", COMMONEST)
def test_the_commonest_graphs_open(drawn: Tab, name: str) -> None:
    drawn.errors.clear()
    before = COMMONEST[name]()
    load(drawn.page, before, name)
    assert drawn.page.evaluate(MISSING) == []
    after = drawn.page.evaluate(SAVED)
    assert not family([node["type"] for node in after["nodes"]])
    assert "KinemaAnimateModel" in ours(after)
    expect(drawn.page.locator(f"{TOLD} p")).to_contain_text("now run on Kinema and ComfyUI.")
    old = {node["id"]: node for node in before["nodes"]}
    for node in after["nodes"]:
        kept = old.get(node["id"])
        if kept is not None and kept["type"] not in RULES:
            assert (node["type"], node["mode"]) == (kept["type"], kept["mode"])
    drawn.page.wait_for_timeout(300)
    new = {node["id"] for node in after["nodes"] if "kinema" in node["properties"]}
    pairs = [(one, two) for one, two in covering(measure(drawn.page)) if {one.id, two.id} & new]
    # nodes drawn as elements are taller than those they were saved with, whoever made them
    assert drawn.page.evaluate("LiteGraph.vueNodesMode") or pairs == []
    missing_media = [error for error in drawn.errors if "/api/view" not in error]
    assert missing_media == []


def test_titles_colours_and_modes_are_kept(page: Page) -> None:
    load(page, COMMONEST["generation_1"]())
    (animated,) = [node for node in page.evaluate(SAVED)["nodes"] if node["type"] == "KinemaAnimateModel"]
    assert (animated["title"], animated["color"], animated["bgcolor"]) == ("Motion", "#432", "#653")
    load(page, COMMONEST["interpolated"]())
    saved = page.evaluate(SAVED)
    assert [node["mode"] for node in saved["nodes"] if node["type"] == "LoraLoader"] == [4]
    assert {"SetNode", "GetNode"}.isdisjoint(node["type"] for node in saved["nodes"])
    prompt = page.evaluate("async () => (await app.graphToPrompt()).output")
    (decoded,) = [node for node in prompt.values() if node["class_type"] == "VAEDecode"]
    assert prompt[decoded["inputs"]["vae"][0]]["class_type"] == "CheckpointLoaderSimple"


def test_undo_brings_the_graph_back_and_it_stays(page: Page) -> None:
    before = COMMONEST["loader_with_context"]()
    load(page, before)
    page.locator(TOLD).get_by_role("button", name="Undo").click()
    page.wait_for_function("() => app.rootGraph.nodes.some(node => node.type.startsWith('ADE_'))")
    assert sorted(page.evaluate(TYPES)) == sorted(node["type"] for node in before["nodes"])
    expect(page.locator(TOLD)).to_have_count(0)
    # as when another tab is opened and this one again
    load(page, page.evaluate(SAVED))
    assert sorted(page.evaluate(TYPES)) == sorted(node["type"] for node in before["nodes"])
    # the file itself, opened anew, is asked about again
    load(page, before)
    assert family(page.evaluate(TYPES)) == []


def test_what_is_saved_is_ours_and_needs_nothing_more(page: Page) -> None:
    load(page, COMMONEST["generation_2"]())
    # what the front end writes when it saves
    saved = page.evaluate("() => app.extensionManager.workflow.activeWorkflow.activeState")
    assert not family([node["type"] for node in saved["nodes"]])
    load(page, copy.deepcopy(saved))
    assert ours(page.evaluate(SAVED)) == ours(saved)
    expect(page.locator(TOLD)).to_have_count(0)


def test_a_graph_that_needs_nothing_is_not_even_sent(page: Page) -> None:
    asked = _requests(page)
    graph = {
        "nodes": [
            {"id": 3, "type": "EmptyLatentImage", "pos": [10, 20], "size": [300, 120], "widgets_values": [64, 64, 2]}
        ],
        "links": [],
        "version": 0.4,
    }
    load(page, graph)
    assert page.evaluate(TYPES) == ["EmptyLatentImage"]
    assert asked == []


def test_without_an_answer_the_graph_opens_as_it_is(page: Page, tab: Tab) -> None:
    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/kinema/migrate", refuse)
    try:
        load(page, COMMONEST["loader_with_context"]())
        assert len(family(page.evaluate(TYPES))) == 3
    finally:
        page.unroute("**/kinema/migrate", refuse)
    assert all("kinema/migrate" in error for error in tab.errors)
    tab.errors.clear()


def test_names_from_a_file_are_text(page: Page) -> None:
    graph = COMMONEST["loader_with_context"]()
    hostile = '<img src=x onerror="window.harmed = true">'
    graph["nodes"].append({"id": 90, "type": hostile, "pos": [0, 900], "size": [200, 80], "inputs": [], "outputs": []})
    load(page, graph)
    page.locator(f"{TOLD} summary").click()
    expect(page.locator(TOLD)).to_contain_text(hostile)
    assert page.evaluate("() => window.harmed ?? false") is False
    page.locator(TOLD).get_by_role("button", name="Close").focus()
    page.keyboard.press("Escape")
    expect(page.locator(TOLD)).to_have_count(0)


@pytest.mark.parametrize("nodes_2", [False, True], ids=["classic", "nodes_2"])
def test_what_differs_is_on_the_node_until_it_has_been_read(browser: Browser, server: Server, nodes_2: bool) -> None:
    with open_tab(browser, server.url, nodes_2=nodes_2) as tab:
        graph = COMMONEST["loader_with_lora"]()
        loader = next(node for node in graph["nodes"] if node["type"] == "ADE_AnimateDiffLoaderWithContext")
        loader["widgets_values"] = ["mm_sd_v15.ckpt", "sqrt_linear (AnimateDiff)", 1, False]
        load(tab.page, graph)
        tab.page.locator(TOLD).get_by_role("button", name="Close").click()
        button = "app.rootGraph.nodes.find(node => node.type === 'KinemaAnimateModel')"
        widget = f"{button}.widgets.find(widget => widget.name === 'kinema_notes')"
        saved = tab.page.evaluate(f"() => {button}.serialize().widgets_values")
        tab.page.evaluate(f"() => {widget}.callback()")
        expect(tab.page.locator(TOLD)).to_contain_text("motion may look different")
        tab.page.locator(TOLD).get_by_role("button", name="Got it").click()
        assert tab.page.evaluate(f"() => {widget} === undefined")
        assert tab.page.evaluate(f"() => {button}.serialize().widgets_values") == saved
        load(tab.page, tab.page.evaluate(SAVED))
        assert tab.page.evaluate(f"() => {widget} === undefined")


def test_inside_of_a_subgraph(page: Page) -> None:
    load(page, in_subgraph())
    inner = page.evaluate("id => app.rootGraph.subgraphs.get(id).nodes.map(node => node.type)", SUBGRAPH)
    assert sorted(inner) == ["KinemaAnimateModel", "KinemaLoadMotionModule", "KinemaSlidingContext"]
    prompt = page.evaluate("async () => (await app.graphToPrompt()).output")
    kinds = {key: node["class_type"] for key, node in prompt.items()}
    sampler = next(node for node in prompt.values() if node["class_type"] == "KSampler")
    assert kinds[sampler["inputs"]["model"][0]].startswith("Kinema")


def test_inside_of_a_group_node(page: Page) -> None:
    load(page, in_group_node())
    assert page.evaluate(MISSING) == []
    prompt = page.evaluate("async () => (await app.graphToPrompt()).output")
    assert {"KinemaAnimateModel", "KinemaSlidingContext"} <= {node["class_type"] for node in prompt.values()}
    expect(page.get_by_test_id("missing-node-card")).to_have_count(0)


def _picture(path: Path, **texts: Any) -> Path:
    """A picture as ComfyUI saves it."""
    if path.suffix == ".png":
        info = PngInfo()
        for key, value in texts.items():
            info.add_text(key, json.dumps(value))
        Image.new("RGB", (16, 16)).save(path, pnginfo=info)
    else:
        exif = Image.Exif()
        for tag, (key, value) in enumerate(texts.items()):
            exif[0x010F + tag] = f"{key}:{json.dumps(value)}"
        Image.new("RGB", (16, 16)).save(path, exif=exif)
    return path


def _video(path: Path, **tags: str) -> Path:
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(tags)
        stream = container.add_stream("mpeg4", rate=8)
        stream.width = stream.height = 16
        for _ in range(2):
            frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def drop(page: Page, path: Path, type: str) -> None:
    page.evaluate("() => app.rootGraph.clear()")
    page.evaluate(DROP, [path.name, type, base64.b64encode(path.read_bytes()).decode()])


def test_in_files_that_are_dropped(page: Page, tmp_path: Path) -> None:
    graph = COMMONEST["loader_with_context"]()
    text = json.dumps(graph)
    (tmp_path / "graph.json").write_text(text)
    files = {
        _picture(tmp_path / "a.png", workflow=graph): "image/png",
        _picture(tmp_path / "a.webp", workflow=graph): "image/webp",
        _video(tmp_path / "a.mp4", workflow=text): "video/mp4",
        # VideoHelperSuite's way
        _video(tmp_path / "b.mp4", comment=json.dumps({"workflow": text, "prompt": "{}"})): "video/mp4",
        tmp_path / "graph.json": "application/json",
    }
    for path, type in files.items():
        drop(page, path, type)
        page.wait_for_function("() => app.rootGraph.nodes.some(node => node.type === 'KinemaAnimateModel')")
        assert family(page.evaluate(TYPES)) == [], path.name


def test_an_api_prompt_that_is_dropped(page: Page, tmp_path: Path) -> None:
    prompt = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "any.safetensors"}},
        "2": {
            "class_type": "ADE_AnimateDiffLoaderWithContext",
            "inputs": {"model": ["1", 0], "model_name": "mm_sd_v15_v2.ckpt", "beta_schedule": "autoselect"},
        },
    }
    path = tmp_path / "prompt.json"
    path.write_text(json.dumps(prompt))
    drop(page, path, "application/json")
    page.wait_for_function("() => app.rootGraph.nodes.some(node => node.type === 'KinemaAnimateModel')")
    expect(page.locator(f"{TOLD} p")).to_contain_text("1 node from AnimateDiff-Evolved now runs")


def test_a_video_without_a_graph_goes_to_the_front_end(page: Page, tmp_path: Path) -> None:
    drop(page, _video(tmp_path / "plain.mp4"), "video/mp4")
    page.wait_for_function("() => app.rootGraph.nodes.some(node => node.type === 'LoadVideo')")


def test_a_large_graph_opens(page: Page) -> None:
    graph = COMMONEST["loader_with_context"]()
    note = {"type": "Note", "pos": [0, 0], "size": [200, 100], "inputs": [], "outputs": []}
    graph["nodes"] += [note | {"id": 1000 + at, "widgets_values": ["x" * 25_000]} for at in range(200)]
    load(page, graph)
    assert family(page.evaluate(TYPES)) == []
    assert len(page.evaluate(TYPES)) > 200


def _requests(page: Page) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/kinema/migrate" in request.url else None)
    return asked
