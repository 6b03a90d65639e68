"""Where the nodes of a graph stand on the screen, in both ways of drawing them, before and after a run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

NOTICE = "a text that a node shows while it runs: as long as notices get, eighty characters or so"
OPEN = """async ([graph, name]) => {
    await app.loadGraphData(graph, true, true, name)
    app.canvas.ds.scale = 0.5
    app.canvas.ds.offset = [300, 300]
    app.canvas.setDirty(true, true)
}"""
# what a run sends, through the front end's own listeners: texts on nodes, saved files, previews of the sampling
RUN = """async ([notice, pictures, video, text]) => {
    const showing = []
    const png = await new Promise(done => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 512, height: 512 })
        canvas.toBlob(done)
    })
    for (const node of app.graph.nodes) {
        const type = node.type, id = String(node.id)
        const send = (name, detail) => app.api.dispatchCustomEvent(name, detail)
        const shows = output => {
            send("executed", { node: id, display_node: id, output, prompt_id: "arranged" })
            if (output.images) showing.push(id)
        }
        const learns = type.startsWith("KinemaTrain") && node.constructor.nodeData.output_node
        const samples = learns || ["KSampler", "KSamplerAdvanced", "KinemaDdimInvert"].includes(type)
        if (samples) {
            send("b_preview_with_metadata", { blob: png, nodeId: id, displayNodeId: id, parentNodeId: id,
                                              realNodeId: id, jobId: "arranged" })
            showing.push(id)
        }
        if (samples || (type.startsWith("Kinema") && !node.constructor.nodeData.output_node))
            send("progress_text", { nodeId: id, text: notice })
        if (type === "PreviewImage") shows({ images: pictures })
        const tells = ["PreviewAny", "KinemaMotionModelInfo", "KinemaPrepareClips"].includes(type)
        if (tells) shows({ text: [text] })
        else if (learns) shows({ images: pictures.slice(0, 1) })
        else if (type.startsWith("Kinema") && node.constructor.nodeData.output_node)
            shows({ images: video, animated: [true] })
    }
    return showing
}"""
# until every node that has something to show shows it, and nothing has moved for a while
SETTLE = """async ([showing, quiet, most]) => {
    const loaded = shown => shown.tagName === "VIDEO" ? shown.readyState > 0 : shown.complete && shown.naturalWidth > 0
    const shows = node => {
        const elements = document.querySelectorAll(`.lg-node[data-node-id="${node.id}"] :is(img, video)`)
        const own = node.videoContainer?.querySelectorAll("video") ?? []
        const all = [...elements, ...own, ...(node.imgs ?? [])]
        return all.length > 0 && all.every(loaded)
    }
    const looks = () => JSON.stringify([
        app.graph.nodes.map(node => [...node.boundingRect, ...(node.widgets ?? []).map(
            widget => [widget.y, widget.computedHeight])]),
        [...document.querySelectorAll(".lg-node")].map(element => element.getBoundingClientRect()),
    ])
    const begun = performance.now()
    let before = "", since = begun
    while (performance.now() - begun < most) {
        await new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))
        const now = looks()
        if (now !== before || !app.graph.nodes.filter(node => showing.includes(String(node.id))).every(shows)) {
            before = now
            since = performance.now()
        } else if (performance.now() - since > quiet) break
    }
}"""
MEASURE = """() => {
    const { scale, offset } = app.canvas.ds
    const corner = app.canvas.canvas.getBoundingClientRect()
    // of an element and all inside it, without what something between it and the node cuts off
    const bottom = (part, node) => {
        const style = getComputedStyle(part), shown = part.checkVisibility()
        if (!shown && style.display !== "contents") return -Infinity
        const own = shown ? part.getBoundingClientRect().bottom : -Infinity
        const cuts = part !== node && style.overflowY !== "visible"
        return Math.max(own, ...(cuts ? [] : [...part.children].map(child => bottom(child, node))))
    }
    return app.graph.nodes.map(node => {
        let [x, y, width, height] = node.boundingRect
        const element = document.querySelector(`.lg-node[data-node-id="${node.id}"]`)
        if (element) {
            const outer = element.getBoundingClientRect()
            x = (outer.left - corner.left) / scale - offset[0]
            y = (outer.top - corner.top) / scale - offset[1]
            width = outer.width / scale
            height = (bottom(element, element) - outer.top) / scale
        } else {
            const ends = (node.widgets ?? []).filter(widget => widget.y && !widget.hidden).map(
                widget => node.pos[1] + widget.y + (widget.computedHeight ?? LiteGraph.NODE_WIDGET_HEIGHT))
            height = Math.max(y + height, ...ends) - y
        }
        const note = node.type === "MarkdownNote" && (element ?? node.widgets[0].element)
        const texts = (note ? [note, ...note.querySelectorAll("*")] : []).filter(
            text => ["auto", "scroll"].includes(getComputedStyle(text).overflowY))
        const hidden = Math.max(0, ...texts.map(text => text.scrollHeight - text.clientHeight))
        return { id: Number(node.id), type: node.type, x, y, width, height, hidden }
    })
}"""
SETTLE_MILLISECONDS, QUIET_MILLISECONDS = 700, 250
"""For pictures to load and for the front end to lay out again, at most; and how long nothing moves when it has."""


@dataclass(frozen=True)
class Box:
    """A node on the screen with its title and all it shows, in the units of the graph."""

    id: int
    type: str
    x: float
    y: float
    width: float
    height: float
    hidden: float
    """How much of a note's text has to be scrolled to."""

    def covers(self, other: "Box") -> bool:
        """Whether they share more than a line of the screen."""
        return (
            self.x + 1 < other.x + other.width
            and other.x + 1 < self.x + self.width
            and self.y + 1 < other.y + other.height
            and other.y + 1 < self.y + self.height
        )


@dataclass(frozen=True)
class Shown:
    """Files and a text for the nodes that show something: entries as ``/view`` takes them."""

    pictures: Sequence[dict[str, str]]
    video: dict[str, str]
    text: str


def open_graph(page: Page, template: Path) -> None:
    """Open a template as the Templates browser does, far enough away that all of it is drawn."""
    page.evaluate(OPEN, [json.loads(template.read_text()), template.stem])
    page.evaluate(SETTLE, [[], QUIET_MILLISECONDS, SETTLE_MILLISECONDS])


def pretend_run(page: Page, shown: Shown) -> None:
    """Let every node show what a run leaves on it."""
    showing = page.evaluate(RUN, [NOTICE, list(shown.pictures), [shown.video], shown.text])
    page.evaluate(SETTLE, [showing, QUIET_MILLISECONDS, 2 * SETTLE_MILLISECONDS])


def measure(page: Page) -> list[Box]:
    """Every node of the open graph."""
    measured: list[dict[str, Any]] = page.evaluate(MEASURE)
    return [Box(**box) for box in measured]


def covering(boxes: Sequence[Box]) -> list[tuple[Box, Box]]:
    """The pairs of nodes of which one covers a part of the other."""
    return [(one, other) for one, other in combinations(boxes, 2) if one.covers(other)]
