"""Every file format: its preview in the node, and the graph a dropped file brings back."""

from pathlib import Path
from typing import Any

import pytest
from kinema.motion.video import CODECS
from playwright.sync_api import Page

from tests.harness.browser import play_in_node
from tests.harness.seeded.weights import CHECKPOINT
from tests.harness.server import Server

from .conftest import Run

VIDEO_SUFFIX = {
    "h264-mp4": ".mp4",
    "vp9-webm": ".webm",
    "av1-webm": ".webm",
}
CONVERTED = ("h265-mp4", "prores-mov", "ffv1-mov", "png-sequence")
"""Browsers cannot play these; the node shows an mp4 made beside them."""
PICTURE_SUFFIX = {"gif": ".gif", "webp": ".webp", "apng": ".png"}
FORMATS = (*VIDEO_SUFFIX, *CONVERTED, *PICTURE_SUFFIX)
RESTORING = tuple(name for name in FORMATS if name != "gif")
"""The front end reads no metadata from gif files."""

NODE = "app.graph.nodes.find(node => node.type === 'KinemaCombineVideo')"
SAVING = ("KinemaCombineVideo", "KinemaDecodeAndSaveVideo")
SERIALIZED = "app.graph.serialize().nodes.map(node => [String(node.id), node.type, node.widgets_values ?? []])"
SHOWN = """() => {
    const elements = [...document.querySelectorAll(":is(.dom-widget, .lg-node) :is(video, img)")]
        .filter(element => element.checkVisibility())
    // a gif has no element in the classic canvas: it is drawn
    const shown = elements.length ? elements : app.graph.nodes.flatMap(node => node.imgs ?? [])
    return shown.map(element => new URL(element.src).searchParams.get("filename"))
}"""
SET_FORMAT = """([type, format]) => {
    app.graph.nodes.find(node => node.type === type).widgets.find(widget => widget.name === "format").value = format
}"""
LOAD = "async graph => { await app.loadGraphData(graph); return app.graphToPrompt() }"
COUNT_FRAMES = f"""async () => {{
    const source = {NODE}.imgs[0].src
    const answer = await fetch(source)
    const decoder = new ImageDecoder({{ data: answer.body, type: answer.headers.get("content-type") }})
    await decoder.completed
    return [source, decoder.tracks.selectedTrack.frameCount]
}}"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("format", [*VIDEO_SUFFIX, *CONVERTED])
def test_video_plays_in_the_node(page: Page, request: pytest.FixtureRequest, format: str) -> None:
    if not format.endswith("webm"):
        request.getfixturevalue("plays_h264")
    page.evaluate(LOAD, _graph(format, "preview"))
    page.get_by_test_id("queue-button").click()
    video = play_in_node(page, "KinemaCombineVideo")
    if format in CONVERTED:
        assert "filename=kinema-preview-" in video["source"]
        assert "type=temp" in video["source"]
    else:
        assert f"filename={format}_00001_{VIDEO_SUFFIX[format]}" in video["source"]
        assert "type=output" in video["source"]
    assert (video["width"], video["height"]) == (64, 48)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("format", PICTURE_SUFFIX)
def test_animated_picture_is_shown_in_the_node(page: Page, format: str) -> None:
    page.evaluate(LOAD, _graph(format, "preview"))
    page.get_by_test_id("queue-button").click()
    page.wait_for_function(f"() => {NODE}.imgs?.[0]?.naturalWidth === 64", timeout=60_000)
    source, frames = page.evaluate(COUNT_FRAMES)
    assert f"filename={format}_00001_{PICTURE_SUFFIX[format]}" in source
    assert frames == 2


@pytest.mark.timeout(120)
@pytest.mark.parametrize("type", SAVING)
def test_change_of_format_replaces_the_preview(page: Page, type: str) -> None:
    _run_formats_in_one_node(page, type, f"{type}-1")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("type", SAVING)
def test_change_of_format_replaces_the_preview_in_nodes_2(page_2: Page, type: str) -> None:
    _run_formats_in_one_node(page_2, type, f"{type}-2")


VALUES = """() => Object.fromEntries(app.graph.nodes.find(node => node.type.startsWith("KinemaCombine")).widgets
    .filter(widget => widget.serialize !== false).map(widget => [widget.name, widget.value]))"""
OLD = {"frame_rate": 12.0, "quality": 61, "loop_count": 3, "pingpong": True, "save_output": False}


@pytest.mark.timeout(120)
def test_graphs_saved_before_formats_had_settings(either: Page) -> None:
    """Values stand by position: what a format has more now must not move what follows it."""
    for format in FORMATS:
        graph = _graph(format, "old")
        graph["nodes"][-1]["widgets_values"] = [12.0, format, 61, 3, True, f"old/{format}", False]
        made = either.evaluate(LOAD, graph)["output"]
        (inputs,) = [node["inputs"] for node in made.values() if node["class_type"] == "KinemaCombineVideo"]
        assert {name: inputs[name] for name in OLD} == OLD, format
        assert inputs["format"] == format
        assert inputs["filename_prefix"] == f"old/{format}"
        assert inputs["sound_length"] == "cut"
        own = {name: value for name, value in inputs.items() if name.startswith("format.")}
        assert own == {f"format.{each.name}": each.choices[0] for each in CODECS[format].settings}
        shown = either.evaluate(VALUES)
        saved = either.evaluate("() => app.graph.serialize()")
        again = either.evaluate(LOAD, saved)["output"]
        assert again == made, "saved and loaded once more"
        assert either.evaluate(VALUES) == shown


@pytest.mark.timeout(120)
def test_settings_appear_for_the_chosen_format_alone(page: Page) -> None:
    page.evaluate(LOAD, _graph("h264-mp4", "chosen"))
    for format in ("gif", "prores-mov", "png-sequence", "h264-mp4"):
        page.evaluate(SET_FORMAT, ["KinemaCombineVideo", format])
        shown = page.evaluate(VALUES)
        assert [name for name in shown if name.startswith("format.")] == [
            f"format.{each.name}" for each in CODECS[format].settings
        ]
        assert shown["filename_prefix"] == "chosen/h264-mp4"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("format", RESTORING)
def test_dropped_file_restores_the_graph(page: Page, server: Server, run_on_server: Run, format: str) -> None:
    made = page.evaluate(LOAD, _graph(format, "drop"))
    original = page.evaluate(SERIALIZED)
    outcome = run_on_server(made["output"], extra_data={"extra_pnginfo": {"workflow": made["workflow"]}})
    assert outcome.status == "success", outcome.message
    page.evaluate(LOAD, _graph("none", "empty") | {"nodes": [], "links": []})
    assert page.evaluate(SERIALIZED) == []
    _drop(page, _first_file(server.output / "drop", format))
    page.wait_for_function("count => app.graph.nodes.length === count", arg=len(original), timeout=30_000)
    assert page.evaluate(SERIALIZED) == original


def _run_formats_in_one_node(page: Page, type: str, folder: str) -> None:
    """The node shows the last clip, and nothing else, whatever it showed before."""
    page.evaluate(LOAD, {"KinemaCombineVideo": _graph, "KinemaDecodeAndSaveVideo": _latents}[type]("vp9-webm", folder))
    for format, suffix in (("vp9-webm", ".webm"), ("gif", ".gif"), ("av1-webm", ".webm"), ("apng", ".png")):
        page.evaluate(SET_FORMAT, [type, format])
        page.get_by_test_id("queue-button").click()
        expected = f"({SHOWN})().every(name => name.endsWith('{suffix}')) && ({SHOWN})().length === 1"
        page.wait_for_function(f"() => {expected}", timeout=30_000)


def _graph(format: str, folder: str) -> dict[str, Any]:
    """Two frames of different colours, saved in a format; node ids are the format's own."""
    first = 10 * (FORMATS.index(format) + 1) if format in FORMATS else 0
    pictures = [_node(first + n, "EmptyImage", [64, 48, 1, color]) for n, color in enumerate((0xC04020, 0x2040C0))]
    batch = _node(first + 2, "ImageBatch", [], {"image1": 1, "image2": 2})
    save = _node(
        first + 3, "KinemaCombineVideo", [8.0, format, 75, 0, False, f"{folder}/{format}", True], {"images": 3}
    )
    for node, link in ((pictures[0], 1), (pictures[1], 2), (batch, 3)):
        node["outputs"] = [{"name": "IMAGE", "type": "IMAGE", "links": [link]}]
    links = [[1, first, 0, first + 2, 0], [2, first + 1, 0, first + 2, 1], [3, first + 2, 0, first + 3, 0]]
    return {
        "last_node_id": first + 3,
        "last_link_id": 3,
        "nodes": [*pictures, batch, save],
        "links": [[*link, "IMAGE"] for link in links],
        "groups": [],
        "version": 0.4,
    }


def _latents(format: str, folder: str) -> dict[str, Any]:
    """Two empty latents, decoded and saved in a format."""
    nodes = [
        _node(900, "CheckpointLoaderSimple", [CHECKPOINT]),
        _node(901, "EmptyLatentImage", [64, 48, 2]),
        _node(
            902,
            "KinemaDecodeAndSaveVideo",
            [8.0, format, 75, 0, False, f"{folder}/{format}", True, 0],
            {"samples": 1, "vae": 2},
        ),
    ]
    nodes[0]["outputs"] = [
        {"name": name, "type": name, "links": [2] if name == "VAE" else []} for name in ("MODEL", "CLIP", "VAE")
    ]
    nodes[1]["outputs"] = [{"name": "LATENT", "type": "LATENT", "links": [1]}]
    for socket, kind in zip(nodes[2]["inputs"], ("LATENT", "VAE"), strict=True):
        socket["type"] = kind
    links = [[1, 901, 0, 902, 0, "LATENT"], [2, 900, 2, 902, 1, "VAE"]]
    return {"last_node_id": 902, "last_link_id": 2, "nodes": nodes, "links": links, "groups": [], "version": 0.4}


def _node(id: int, type: str, values: list[Any], inputs: dict[str, int] | None = None) -> dict[str, Any]:
    return {
        "id": id,
        "type": type,
        "pos": [100 + 350 * (id % 10 // 2), 100 + 250 * (id % 2)],
        "size": [300, 200],
        "flags": {},
        "order": id % 10,
        "mode": 0,
        "inputs": [{"name": name, "type": "IMAGE", "link": link} for name, link in (inputs or {}).items()],
        "outputs": [],
        "properties": {},
        "widgets_values": values,
    }


def _first_file(folder: Path, format: str) -> Path:
    found = folder / next(entry.name for entry in folder.iterdir() if entry.name.startswith(format))
    return min(found.iterdir()) if found.is_dir() else found


def _drop(page: Page, file: Path) -> None:
    """Drag a file from the desktop onto an empty part of the canvas."""
    pointer = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        pointer.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 800, "data": data})
