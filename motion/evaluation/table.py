"""Results of several systems side by side, each the mean of its clips; and the rows of the paper beside them."""

import csv
import io
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .errors import EvaluationError
from .report import digits_of
from .scores import HIGHER, METRICS, NEITHER, Metric, Result

PAPER: Mapping[str, Mapping[str, float]] = {
    "Text2Video-Zero (paper)": {"clip_text": 32.04, "clip_domain": 84.84, "clip_smoothness": 96.57},
    "Tune-A-Video (paper)": {"clip_text": 35.98, "clip_domain": 80.68, "clip_smoothness": 97.42},
    "AnimateDiff (paper)": {"clip_text": 31.39, "clip_domain": 87.29, "clip_smoothness": 98.00},
}
"""Table 1 of AnimateDiff as published at ICLR 2024 (arXiv 2307.04725), its columns that CLIP gives."""
PAPER_KEYS = frozenset(key for values in PAPER.values() for key in values)
PAPER_NOTE = (
    "The rows of the paper are of its own prompts, checkpoints and CLIP, whose size it does not tell: compare columns "
    "within them, not with yours. In text alignment the paper's own method has the lowest value of the three"
)
SINGLE_NOTE = "A deviation needs two clips or more of a name; the same name counts as one system"


@dataclass(frozen=True)
class Cell:
    """A value of one metric and system."""

    mean: float
    deviation: float | None = None
    """Of a single clip from the mean (n - 1 in the denominator); None for one clip, and for the paper's rows."""
    count: int = 1
    """Clips."""


@dataclass(frozen=True)
class TableRow:
    """One system."""

    name: str
    cells: Mapping[str, Cell]
    """By the key of a metric."""
    clips: int
    measured: bool = True
    """Whether it was measured, and not taken from the paper."""


@dataclass(frozen=True)
class ResultsTable:
    """Systems and what is known of all of them."""

    metrics: tuple[Metric, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()

    def best(self, metric: Metric) -> frozenset[str]:
        """The measured systems with the best value of a metric; none if all are alike, or neither way is better."""
        found = {row.name: row.cells[metric.key].mean for row in self.rows if row.measured and metric.key in row.cells}
        if metric.better == NEITHER or len(set(found.values())) < 2:
            return frozenset()
        top = (max if metric.better == HIGHER else min)(found.values())
        return frozenset(name for name, value in found.items() if value == top)

    def heads(self) -> list[str]:
        """What stands above the columns."""
        return ["system", "clips", *(heading(metric) for metric in self.metrics)]

    def texts(self) -> list[list[str]]:
        """What stands in the rows."""
        return [
            [row.name, str(row.clips) if row.measured else "", *(_shown(row, metric) for metric in self.metrics)]
            for row in self.rows
        ]

    def markdown(self) -> str:
        """As a table that people read, with its notes."""
        heads, rows = self.heads(), self.texts()
        for row in rows:
            row[0] = row[0].replace("|", "/")
        widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
        lines = [_line(heads, widths), "|".join(["", *("-" * (width + 2) for width in widths), ""])]
        lines += [_line(row, widths) for row in rows]
        return "\n".join([*lines, *([""] if self.notes else []), *(f"{note}." for note in self.notes)])

    def comma_separated(self) -> str:
        """As a csv file: a mean, a deviation and a count for each metric; empty where there is none."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        parts = ("mean", "deviation", "clips")
        writer.writerow(["system", "measured", *(f"{m.key} {part}" for m in self.metrics for part in parts)])
        for row in self.rows:
            writer.writerow([_plain(row.name), "yes" if row.measured else "no", *_numbers(row, self.metrics)])
        return text.getvalue()


def tabulate(results: Sequence[Result], paper: bool = False) -> ResultsTable:
    """Gather results: those of one name are clips of one system.

    Args:
        paper: add the rows of AnimateDiff's table, where anything that it has was measured.

    Raises:
        EvaluationError: there are none.
    """
    if not results:
        raise EvaluationError("There are no results. Connect those of Evaluate Clip.")
    systems: dict[str, list[Result]] = {}
    for result in results:
        systems.setdefault(result.name, []).append(result)
    rows = [TableRow(name, _cells(clips), len(clips)) for name, clips in systems.items()]
    notes = [SINGLE_NOTE] if all(row.clips == 1 for row in rows) else []
    if paper and any(row.cells.keys() & PAPER_KEYS for row in rows):
        cells = {name: {key: Cell(value) for key, value in values.items()} for name, values in PAPER.items()}
        rows += [TableRow(name, each, 0, measured=False) for name, each in cells.items()]
        notes.append(PAPER_NOTE)
    notes += _fewer(rows)
    shown = tuple(metric for metric in METRICS.values() if any(metric.key in row.cells for row in rows))
    return ResultsTable(shown, tuple(rows), tuple(notes))


def titled(metric: Metric) -> str:
    """A metric with its unit."""
    return f"{metric.title} ({metric.unit})" if metric.unit else metric.title


def heading(metric: Metric) -> str:
    """A metric with its unit, and an arrow to where it is better."""
    arrow = {HIGHER: " \N{UPWARDS ARROW}", NEITHER: ""}.get(metric.better, " \N{DOWNWARDS ARROW}")
    return f"{titled(metric)}{arrow}"


def _cells(clips: Sequence[Result]) -> dict[str, Cell]:
    values: dict[str, list[float]] = {}
    for clip in clips:
        for score in clip.scores:
            values.setdefault(score.metric.key, []).append(score.value)
    return {
        key: Cell(statistics.fmean(found), statistics.stdev(found) if len(found) > 1 else None, len(found))
        for key, found in values.items()
    }


def _fewer(rows: Sequence[TableRow]) -> Iterator[str]:
    """Means of fewer clips than their system has are no means of the same clips."""
    for row in rows:
        partly = [METRICS[key].title for key, cell in row.cells.items() if row.measured and cell.count < row.clips]
        if partly:
            yield f"{row.name}: {', '.join(partly)} were not measured of all its {row.clips} clips"


def _shown(row: TableRow, metric: Metric) -> str:
    cell, digits = row.cells.get(metric.key), digits_of(metric)
    if cell is None:
        return ""
    spread = "" if cell.deviation is None else f" \N{PLUS-MINUS SIGN} {cell.deviation:.{digits}f}"
    return f"{cell.mean:.{digits}f}{spread}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)) + " |"


def _numbers(row: TableRow, metrics: Sequence[Metric]) -> Iterator[str]:
    for metric in metrics:
        cell = row.cells.get(metric.key)
        if cell is None:
            yield from ("", "", "")
        else:
            yield from (repr(cell.mean), "" if cell.deviation is None else repr(cell.deviation), str(cell.count))


def _plain(name: str) -> str:
    """A name that no program takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@" and name else name
