"""Drawings for the pictures of templates: a graph as ComfyUI shows it, and a value over the frames of a clip."""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

BACKGROUND, NODE, OURS, TITLE, INK = "#1b1b1f", "#3a3a42", "#3d3560", "#4c4c56", "#d8d8e0"
WIRES = {
    "MODEL": "#b39ddb",
    "CLIP": "#ffd500",
    "VAE": "#ff6e6e",
    "CONDITIONING": "#ffa931",
    "LATENT": "#ff9cf9",
    "IMAGE": "#64b5f6",
    "MASK": "#81c784",
    "CONTROL_NET": "#6ee7b7",
}
OTHER_WIRE = "#9aa5a0"
TITLE_HEIGHT, ROW, FINE = 30, 20, 2
"""The last is how many times larger everything is drawn, to be scaled down smoothly."""


def draw_graph(workflow: Mapping[str, Any], titles: Mapping[str, str], width: int) -> Image.Image:
    """The nodes and wires of a saved workflow, without its notes.

    Args:
        titles: the display name of each class of node.
    """
    nodes = {node["id"]: node for node in workflow["nodes"] if node["type"] != "MarkdownNote"}
    left = min(node["pos"][0] for node in nodes.values()) - 30
    top = min(node["pos"][1] for node in nodes.values()) - TITLE_HEIGHT - 30
    right = max(node["pos"][0] + node["size"][0] for node in nodes.values()) + 30
    bottom = max(node["pos"][1] + node["size"][1] for node in nodes.values()) + 30
    scale = width * FINE / (right - left)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - left) * scale, (y - top) * scale

    picture = Image.new("RGB", (width * FINE, round((bottom - top) * scale)), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    for _, source, output, target, socket, kind in workflow["links"]:
        if source in nodes and target in nodes:
            start, end = nodes[source], nodes[target]
            begin = at(start["pos"][0] + start["size"][0], start["pos"][1] + ROW * (output + 0.7))
            _wire(pen, begin, at(end["pos"][0], end["pos"][1] + ROW * (socket + 0.7)), WIRES.get(kind, OTHER_WIRE))
    font = ImageFont.load_default(11 * FINE)
    for node in nodes.values():
        (x, y), (w, h) = node["pos"], node["size"]
        ours = node["type"].startswith("Kinema")
        pen.rounded_rectangle((*at(x, y - TITLE_HEIGHT), *at(x + w, y + h)), 8 * scale, OURS if ours else NODE)
        title = node.get("title") or titles.get(node["type"], node["type"])
        while title and pen.textlength(title, font) > (w - 16) * scale:
            title = title[:-1]
        pen.text(at(x + 8, y + 4), title, INK, font, anchor="ls")
    return picture.resize((width, picture.height // FINE), Image.Resampling.LANCZOS)


def draw_curve(values: Sequence[float], width: int, height: int, text: str = "") -> Image.Image:
    """A bar for each frame and a line over them."""
    picture = Image.new("RGB", (width * FINE, height * FINE), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    edge, low, high = 12 * FINE, min(0.0, *values), max(*values, 1e-6)
    step = (picture.width - 2 * edge) / len(values)
    tall = picture.height - 2 * edge

    def level(value: float) -> float:
        return edge + tall * (1 - (value - low) / (high - low))

    points = [(edge + (frame + 0.5) * step, level(value)) for frame, value in enumerate(values)]
    for x, y in points:
        ends = sorted((y, level(0.0)))
        pen.rectangle((x - step * 0.35, ends[0], x + step * 0.35, ends[1]), OURS)
    pen.line(points, WIRES["CONDITIONING"], 2 * FINE, joint="curve")
    pen.text((edge, edge), text, INK, ImageFont.load_default(11 * FINE))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _wire(pen: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    """A cubic curve that leaves and arrives level."""
    bend = max(abs(end[0] - start[0]) / 2, 20.0 * FINE)
    points = []
    for part in range(25):
        t = part / 24
        weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
        xs = (start[0], start[0] + bend, end[0] - bend, end[0])
        ys = (start[1], start[1], end[1], end[1])
        points.append(
            tuple(sum(weight * place for weight, place in zip(weights, axis, strict=True)) for axis in (xs, ys))
        )
    pen.line(points, colour, FINE + 1, joint="curve")
