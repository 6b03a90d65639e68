"""Tables of any length as they are: what is wrong costs the row it is in."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from .cells import Row, separated
from .lines import Line, first_written, lines_of


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """The rows of a table; the first is its head.

    Args:
        file: text in any usual encoding, separated by commas, semicolons, tabs or bars, which its head tells; or
            with a JSON object on every line.

    Raises:
        TableError: there is nothing in it, or no text.
        OSError: it cannot be read.
    """
    lines = lines_of(file)
    head = first_written(lines)
    yield from _objects(head, lines) if head.text.lstrip().startswith("{") else separated(head, lines)


def _objects(head: Line, lines: Iterable[Line]) -> Iterator[Row]:
    """Lines that are JSON objects, whose first one tells the columns; what is none is a row with nothing in it."""
    columns: list[str] = []
    for line in chain((head,), lines):
        if not line.text.strip():
            continue
        row = _object(line.text)
        if not columns:
            columns = [*row]
            yield Row(line.number, columns)
        yield Row(line.number, [str(row.get(column, "")).strip() for column in columns])


def _object(line: str) -> dict[str, object]:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
