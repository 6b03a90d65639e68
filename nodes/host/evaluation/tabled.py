"""A table of results as a picture, and as a file."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ....motion.disk import is_full, publish, sweep, work_folder
from ....motion.evaluation import EvaluationError, ResultsTable
from .. import folders
from .labelled import BACK, GRID, INK

BEST, FAINT = "#80e680", "#9a9aa6"
FONT = 16
ROW, EDGE, GAP = 30, 16, 26
"""Pixels: of a line of the table, around it, and between columns."""
NOTE_LETTERS = 110
"""In a line of a note."""
LONGEST = 48
"""Letters of a name that are drawn."""


def table_picture(table: ResultsTable) -> Tensor:
    """The table with the best values of measured systems in green, (1, height, width, 3) in 0..1."""
    font = ImageFont.load_default(FONT)
    heads, rows = table.heads(), [[text[:LONGEST] for text in row] for row in table.texts()]
    widths = [max(font.getlength(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    notes = [line for note in table.notes for line in _wrapped(f"{note}.")]
    width = int(sum(widths) + GAP * (len(widths) - 1) + 2 * EDGE)
    width = max(width, *(int(font.getlength(line)) + 2 * EDGE for line in notes), 1) if notes else width
    height = 2 * EDGE + ROW * (1 + len(rows)) + (ROW // 2 + ROW * len(notes) if notes else 0)
    picture = Image.new("RGB", (width + width % 2, height + height % 2), BACK)
    pen = ImageDraw.Draw(picture)
    starts = [EDGE + sum(widths[:column]) + GAP * column for column in range(len(widths))]
    best = ["", "", *(table.best(metric) for metric in table.metrics)]
    for start, head in zip(starts, heads, strict=True):
        pen.text((start, EDGE), head, INK, font)
    for number, (row, texts) in enumerate(zip(table.rows, rows, strict=True), 1):
        top = EDGE + ROW * number
        pen.line([(EDGE, top - 6), (width - EDGE, top - 6)], GRID)
        for start, text, winner in zip(starts, texts, best, strict=True):
            colour = BEST if row.measured and winner == row.name else INK if row.measured else FAINT
            pen.text((start, top), text, colour, font)
    for number, line in enumerate(notes):
        pen.text((EDGE, EDGE + ROW * (1 + len(rows) + number) + ROW // 2), line, FAINT, font)
    return torch.from_numpy(np.asarray(picture, np.float32) / 255.0)[None]


def save_table(table: ResultsTable, prefix: str) -> Path:
    """Write the table into the output folder as a csv file that replaces none.

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
            written.write_text(table.comma_separated(), encoding="utf-8-sig", newline="")
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
