"""The picture of a template: its graph, what its nodes draw, and frames of its clip."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageOps

from . import client, templates
from .drawing import BACKGROUND, draw_curve, draw_graph
from .footage import write_footage
from .server import Server

SIDE, COLUMNS = 200, 4
WIDTH = SIDE * COLUMNS
PICTURES = {
    "LoadImage": 0,
    "KinemaVideoFrames": 0,
    "KinemaLoadImageSequence": 0,
    "Canny": 0,
    "DA3Render": 0,
    "KinemaDrawPose": 0,
    "KinemaCameraPath": 1,
    "KinemaContextPreview": 0,
    "KinemaCameraMotionClips": 1,
}
"""Nodes whose pictures say what a template does, and the output that has them."""
LOSSES = {"KinemaTrainMotionLora": 1, "KinemaTrainMotionModule": 1, "KinemaTrainDomainAdapter": 1}
"""Those whose picture is as wide as the sheet."""
WIDE = {"KinemaCompareClips": 0, "KinemaResultsTable": 0}
"""Those of which one frame is shown whole."""
MASKS = {"GrowMask": 0, "MaskComposite": 0, "InvertMask": 0}
CURVES = {"KinemaMotionValue": 0, "KinemaSoundToMotionValue": 0}
LEARNT_STEPS = 12
"""For losses to be a curve."""
MOST_ROWS = 3
"""Of what nodes draw; the last in the graph are the nearest to the sampler."""


def draw_sheet(server: Server, template: str, path: Path, size: int = 128, steps: int = 1) -> None:
    """Run a template with seeded weights and draw its graph, what its nodes draw, and four frames of its clip.

    Raises:
        RuntimeError: the template does not run.
    """
    write_footage(server.base / "input")
    info = client.get_json(server.url, "/object_info")
    count = templates.frames(template)
    prompt = templates.use_seeded_weights(templates.to_api(template, info), size, steps, count)
    for node in prompt.values():
        if node["class_type"] in LOSSES:
            node["inputs"]["steps"] = LEARNT_STEPS
    watched = watch(prompt, count)
    outcome = client.run_prompt(server.url, prompt)
    if outcome.status != "success":
        raise RuntimeError(outcome.message)
    (clip,) = [file for file in outcome.files() if file["type"] == "output"]
    with av.open(str(client.saved_path(server.output, clip))) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    titles = {name: node["display_name"] for name, node in info.items()}
    rows = [draw_graph(json.loads(templates.find(template).read_text()), titles, WIDTH)]
    drawn: list[Image.Image] = []
    single: list[Image.Image] = []
    for node, title in watched.items():
        output = outcome.outputs[node]
        if "text" in output:
            values = [float(value) for value in output["text"][0].split(",")]
            drawn.append(draw_curve(values, WIDTH, SIDE // 2, title))
            continue
        files = [client.saved_path(server.base / "temp", file) for file in output["images"]]
        pictures = [Image.open(file) for file in files]
        source = prompt[node]["inputs"]["images"][0]
        if prompt[source]["class_type"] in LOSSES:
            drawn.append(ImageOps.contain(pictures[0].convert("RGB"), (WIDTH, WIDTH)))
        elif prompt[source]["class_type"] in WIDE:
            middle = ImageOps.contain(pictures[len(pictures) // 2].convert("RGB"), (WIDTH, 2 * SIDE))
            drawn.append(ImageOps.pad(middle, (WIDTH, middle.height), color=BACKGROUND))
        elif len(pictures) == 1:
            single += pictures
        else:
            drawn.append(in_a_row(pictures))
    rows += [*([in_a_row(single)] if single else []), *drawn[-MOST_ROWS:], in_a_row(frames)]
    sheet = Image.new("RGB", (WIDTH, sum(row.height for row in rows)))
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    sheet.save(path, quality=82)


def watch(prompt: templates.Prompt, frames: int) -> dict[str, str]:
    """Let a prompt show what its nodes draw; the ids of the nodes that do, each with a title for a curve."""
    for name in [name for name, node in prompt.items() if node["class_type"] == "PreviewImage"]:
        del prompt[name]
    watched: dict[str, str] = {}

    def add(name: str, class_type: str, **inputs: Any) -> list[Any]:
        prompt[name] = {"class_type": class_type, "inputs": inputs}
        return [name, 0]

    for name, node in list(prompt.items()):
        kind, value = node["class_type"], [name, 0]
        if kind == "KinemaSlidingContext" and not _has(prompt, "KinemaContextPreview"):
            add(f"{name}-plan", "KinemaContextPreview", model=value, frames=frames)
    for name, node in list(prompt.items()):
        kind = node["class_type"]
        if kind in (shown := PICTURES | LOSSES | WIDE) and not _goes_on(prompt, name):
            add(f"{name}-shown", "PreviewImage", images=[name, shown[kind]])
        elif kind in MASKS:
            pictures = add(f"{name}-picture", "MaskToImage", mask=[name, MASKS[kind]])
            add(f"{name}-shown", "PreviewImage", images=pictures)
        elif kind in CURVES:
            add(f"{name}-read", "KinemaReadMotionValue", motion_value=[name, CURVES[kind]], frames=frames)
            add(f"{name}-shown", "PreviewAny", source=[f"{name}-read", 2])
        else:
            continue
        watched[f"{name}-shown"] = node.get("_meta", {}).get("title", "")
    return watched


def in_a_row(pictures: Sequence[Image.Image]) -> Image.Image:
    """Four of them, evenly taken, the first and the last among them; fewer side by side, as large as a row can be."""
    if len(pictures) == 1:
        (picture,) = pictures
        height = SIDE if picture.height * 2 > picture.width else picture.height * WIDTH // picture.width
        return ImageOps.pad(picture.convert("RGB"), (WIDTH, height), Image.Resampling.LANCZOS, BACKGROUND)
    row = Image.new("RGB", (WIDTH, SIDE), BACKGROUND)
    columns = min(COLUMNS, len(pictures))
    for column in range(columns):
        picture = pictures[column * (len(pictures) - 1) // (columns - 1)].convert("RGB")
        fitted = ImageOps.fit(picture, (SIDE, SIDE), Image.Resampling.LANCZOS)
        row.paste(fitted, (SIDE * column + (WIDTH - SIDE * columns) // 2, 0))
    return row


def _has(prompt: templates.Prompt, class_type: str) -> bool:
    return any(node["class_type"] == class_type for node in prompt.values())


def _goes_on(prompt: templates.Prompt, name: str) -> bool:
    """Whether another node of its class takes up what it draws: a further piece of a camera path, a second person."""
    kind = prompt[name]["class_type"]
    alike = [node["inputs"] for node in prompt.values() if node["class_type"] == kind]
    return any(isinstance(link, list) and link[0] == name for inputs in alike for link in inputs.values())
