"""A table of results as a picture, and as a file."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ....motion.disk import is_full, publish, sweep, work_folder
from ....motion.evaluation import HIGHER, NEITHER, EvaluationError, Metric, ResultsTable, titled
from .. import folders
from .labelled import BACK, GRID, INK
from .lettering import Lettering

BEST, FAINT = "#80e680", "#9a9aa6"
FONT = 16
ROW, EDGE, GAP, ARROW = 30, 16, 26, 10
"""Pixels: of a line of the table, around it, between columns, and of the arrow to where a metric is better."""
NOTE_LETTERS = 110
"""In a line of a note."""
LONGEST = 48
"""Letters of a name that are drawn."""


def table_picture(table: ResultsTable) -> Tensor:
    """The table with the best values of measured systems in green, (1, height, width, 3) in 0..1."""
    heads = ["system", "clips", *(titled(metric) for metric in table.metrics)]
    lettering = Lettering.of([*heads, *(text for row in table.texts() for text in row)], FONT)
    font, spelt = lettering.font, lettering.spelt
    rows = [[spelt(text)[:LONGEST] for text in row] for row in table.texts()]
    notes = [line for note in table.notes for line in _wrapped(f"{spelt(note)}.")]
    arrows: list[Metric | None] = [None, None, *table.metrics]
    widths = [max(font.getlength(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    widths = [
        max(width, font.getlength(head) + 2 * ARROW) if arrow else width
        for width, head, arrow in zip(widths, heads, arrows, strict=True)
    ]
    width = int(sum(widths) + GAP * (len(widths) - 1) + 2 * EDGE)
    width = max([width, *(int(font.getlength(line)) + 2 * EDGE for line in notes)])
    height = 2 * EDGE + ROW * (1 + len(rows)) + (ROW // 2 + ROW * len(notes) if notes else 0)
    picture = Image.new("RGB", (width + width % 2, height + height % 2), BACK)
    pen = ImageDraw.Draw(picture)
    starts = [EDGE + sum(widths[:column]) + GAP * column for column in range(len(widths))]
    best = [frozenset[str](), frozenset[str](), *(table.best(metric) for metric in table.metrics)]
    for start, head, arrow in zip(starts, heads, arrows, strict=True):
        pen.text((start, EDGE), head, INK, font)
        if arrow is not None and arrow.better != NEITHER:
            pen.polygon(_arrow(start + font.getlength(head) + ARROW / 2, arrow.better == HIGHER), INK)
    for number, (row, texts) in enumerate(zip(table.rows, rows, strict=True), 1):
        top = EDGE + ROW * number
        pen.line([(EDGE, top - 6), (width - EDGE, top - 6)], GRID)
        for start, text, winners in zip(starts, texts, best, strict=True):
            colour = BEST if row.measured and row.name in winners else INK if row.measured else FAINT
            pen.text((start, top), text, colour, font)
    for number, line in enumerate(notes):
        pen.text((EDGE, EDGE + ROW * (1 + len(rows) + number) + ROW // 2), line, FAINT, font)
    return torch.from_numpy(np.asarray(picture, np.float32) / 255.0)[None]


def _arrow(left: float, up: bool) -> list[tuple[float, float]]:
    """A triangle beside a heading; few fonts have arrows."""
    base, tip = (EDGE + FONT, EDGE + FONT - ARROW) if up else (EDGE + FONT - ARROW, EDGE + FONT)
    return [(left, base), (left + ARROW, base), (left + ARROW / 2, tip)]


def save_table(text: str, prefix: str) -> Path:
    """Write a table for programs into the output folder, as a csv file that replaces none.

    Raises:
        SavePathError: the prefix cannot be used.
        EvaluationError: the disk is full or cannot be written.
    """
    place = folders.save_path(prefix, False, 0, 0)
    try:
        sweep(place.folder)
        with work_folder(place.folder) as work:
            written = work / "results.csv"
            # with the mark that lets Excel see that it is UTF-8
            written.write_text(text, encoding="utf-8-sig", newline="")
            return publish(written, place.paths(".csv"))
    except OSError as error:
        raise EvaluationError(
            f"The table cannot be saved in {place.folder} "
            f"({'the disk is full' if is_full(error) else error.strerror}). Make room or change its permissions, and "
            "queue again: nothing is measured twice."
        ) from error


def _wrapped(note: str) -> list[str]:
    lines = [""]
    for word in note.split():
        if lines[-1] and len(lines[-1]) + len(word) >= NOTE_LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
