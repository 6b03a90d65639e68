"""Lay templates out from the sizes that their nodes have on the screen.

A node keeps its column and its place in the order from top to bottom. It moves down until nothing above it reaches it,
in either way of drawing, before and after a run.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from . import layout
from .browser import open_tab
from .layout import Box, Shown
from .server import Server
from .templates import VIDEO

GAP = 40
TITLE = 30
"""A node's position is the corner below its title."""
SHOWING = ("PreviewImage", "PreviewAny")
SCALE, LEFT, TOP = 0.7, 100, 90
"""How a template opens: scale, and pixels that the front end's own bars cover."""


def shown_by(server: Server) -> Shown:
    """What the nodes show: a picture and a clip, put where a run of this server would have put them."""
    shutil.copy(server.base / "input" / "example.png", server.base / "temp" / "shown.png")
    shutil.copy(server.base / "input" / VIDEO, server.output / "shown.mp4")
    picture = {"filename": "shown.png", "subfolder": "", "type": "temp"}
    text = "\n".join(f"frame {frame}: a sailing boat on a calm lake" for frame in range(16))
    return Shown([picture] * 16, {"filename": "shown.mp4", "subfolder": "", "type": "output"}, text)


def arrange(server: Server, browser: Browser, templates: list[Path]) -> list[str]:
    """Rewrite the positions in templates; the names of those that changed."""
    shown, measured = shown_by(server), {template: [] for template in templates}
    for nodes_2 in (False, True):
        with open_tab(browser, server.url, nodes_2) as tab:
            for template in templates:
                layout.open_graph(tab.page, template)
                before = layout.measure(tab.page)
                layout.pretend_run(tab.page, shown)
                measured[template] += [before, layout.measure(tab.page)]
    return [template.stem for template in templates if _rewrite(template, measured[template])]


def _rewrite(template: Path, states: list[list[Box]]) -> bool:
    before = template.read_text()
    workflow = json.loads(before)
    nodes: dict[int, dict[str, Any]] = {node["id"]: node for node in workflow["nodes"]}
    for node in nodes.values():
        boxes = [box for state in states for box in state if box.id == node["id"]]
        if node["type"] == "MarkdownNote":
            node["size"][1] += _up(max(box.hidden for box in boxes))
        elif node["type"] in SHOWING or (node["type"].startswith("Kinema") and not node["outputs"]):
            # what it shows is there to stay
            node["size"][1] = max(node["size"][1], _up(max(box.height for box in boxes) - TITLE))
    placed: list[tuple[float, float, float]] = []
    for node in sorted(nodes.values(), key=lambda node: (node["pos"][1], node["pos"][0])):
        boxes = [box for state in states for box in state if box.id == node["id"]]
        left, right = node["pos"][0], node["pos"][0] + max(node["size"][0], *(box.width for box in boxes))
        ends = [end for start, stop, end in placed if start < right + GAP / 2 and left < stop + GAP / 2]
        node["pos"][1] = max([node["pos"][1], *(_up(end) + GAP + TITLE for end in ends)])
        height = max(node["size"][1] + TITLE, *(box.height for box in boxes))
        placed.append((left, right, node["pos"][1] - TITLE + height))
    first = [min(node["pos"][axis] for node in nodes.values()) for axis in (0, 1)]
    offset = [LEFT / SCALE - first[0], TOP / SCALE - first[1] + TITLE]
    workflow["extra"]["ds"] = {"scale": SCALE, "offset": [round(value) for value in offset]}
    after = json.dumps(workflow, indent=2, ensure_ascii=False) + "\n"
    template.write_text(after)
    return after != before


def _up(value: float) -> int:
    """The next multiple of ten."""
    return -int(-value // 10) * 10
