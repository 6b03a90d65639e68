"""A contact sheet of a clip that a template makes: also the template's picture in ComfyUI's template browser."""

from pathlib import Path

import av
from PIL import Image

from . import client, templates
from .footage import write_footage
from .server import Server

SIDE, COLUMNS = 160, 4


def draw_sheet(server: Server, template: str, path: Path, size: int = 128, steps: int = 4) -> None:
    """Run a template with seeded weights and draw eight frames of its clip.

    If its graph shows as many pictures as the clip has frames, such as poses, there are four of them above four frames.

    Raises:
        RuntimeError: the template does not run.
    """
    write_footage(server.base / "input")
    info = client.get_json(server.url, "/object_info")
    prompt = templates.use_seeded_weights(templates.to_api(template, info), size, steps, templates.frames(template))
    outcome = client.run_prompt(server.url, prompt)
    if outcome.status != "success":
        raise RuntimeError(outcome.message)
    shown = outcome.files()
    (clip,) = [file for file in shown if file["type"] == "output"]
    with av.open(str(client.saved_path(server.output, clip))) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    temporary = [client.saved_path(server.base / "temp", file) for file in shown if file["type"] == "temp"]
    beside = [Image.open(file).convert("RGB") for file in temporary if file.suffix == ".png"]
    if len(beside) == len(frames):
        rows = [spread(beside, COLUMNS), spread(frames, COLUMNS)]
    else:
        eight = spread(frames, 2 * COLUMNS)
        rows = [eight[:COLUMNS], eight[COLUMNS:]]
    sheet = Image.new("RGB", (SIDE * COLUMNS, SIDE * len(rows)))
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x * SIDE, y * SIDE))
    sheet.save(path, quality=88)


def spread(pictures: list[Image.Image], count: int) -> list[Image.Image]:
    """So many pictures, evenly taken from all of them, the first and the last among them."""
    return [pictures[number * (len(pictures) - 1) // (count - 1)] for number in range(count)]
