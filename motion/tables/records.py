"""Tables of which every row counts: what is wrong with one is an error, and names its line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

from .cells import separated
from .encodings import decoded
from .errors import TableError
from .lines import Line, first_written, lines_of

LARGEST = 256 << 20
"""Bytes of a JSON list, which is read as a whole."""
LOOKED_AT = 4096
"""Bytes that tell whether it is a JSON list."""
SHOWN = 60
"""Letters of a cell in a message."""


class Record(NamedTuple):
    """A row that is not empty."""

    place: str
    """Such as "line 5"."""
    values: Mapping[str, Any]
    """By column, what is not empty: texts of a separated table, whatever JSON has otherwise."""


def read_records(file: BinaryIO) -> Iterator[Record]:
    """The rows of a table, one after the other.

    Args:
        file: text in any usual encoding: separated by commas, semicolons, tabs or bars, which its head tells; a JSON
            object on every line; or a JSON list of objects. None in JSON is an empty cell, "" is not.

    Raises:
        TableError: there is nothing in it, no text, or something is wrong with its head or with a row.
        OSError: it cannot be read.
    """
    kind = decoded(file.read(LOOKED_AT)).lstrip()[:1]
    file.seek(0)
    if kind == "[":
        yield from _listed(file)
        return
    lines = lines_of(file, is_strict=True)
    head = first_written(lines)
    yield from _objects(chain((head,), lines)) if kind == "{" else _rows(head, lines)


def _rows(head: Line, lines: Iterator[Line]) -> Iterator[Record]:
    rows = separated(head, lines, is_strict=True)
    columns = next(rows).cells
    named = [name for name in columns if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise TableError(f"it has two columns named {twice[0]}; leave one of them")
    if not named:
        raise TableError("its first line names no columns")
    for line, cells in rows:
        beyond = [cell for cell in cells[len(columns) :] if cell]
        if beyond:
            raise TableError(
                f"line {line} has more cells than the first line has columns, from {beyond[0][:SHOWN]!r} on; put a "
                "text with the separator in it into quotation marks"
            )
        yield from _record(f"line {line}", columns, cells)


def _record(place: str, columns: Sequence[str], cells: Sequence[str]) -> Iterator[Record]:
    values = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
    if "" in values:
        raise TableError(f"{place} has {values['']!r:.{SHOWN}} in a column without a name; name it in the first line")
    if values:
        yield Record(place, values)


def _objects(lines: Iterator[Line]) -> Iterator[Record]:
    for number, text in lines:
        if text.strip():
            place = f"line {number}"
            yield from _object(place, _parsed(text, f"{place} is no JSON object"))


def _listed(file: BinaryIO) -> Iterator[Record]:
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise TableError(f"it is larger than {LARGEST >> 20} MB; put one JSON object on every line")
    entries = _parsed(decoded(data), "it is no JSON")
    for number, entry in enumerate(entries, start=1):
        yield from _object(f"entry {number}", entry)


def _object(place: str, entry: Any) -> Iterator[Record]:
    if not isinstance(entry, dict):
        raise TableError(f'{place} is no JSON object; write one such as {{"KSampler.seed": 1}}')
    values = {name: value for name, value in entry.items() if value is not None}
    if values:
        yield Record(place, values)


def _parsed(text: str, problem: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refused, object_pairs_hook=_without_doubles)
    except RecursionError as error:
        raise TableError(f"{problem}: it is nested too deeply") from error
    except TableError as error:
        raise TableError(f"{problem}: {error}") from error
    except ValueError as error:
        raise TableError(f"{problem}: {error}") from error


def _refused(name: str) -> None:
    raise TableError(f"{name} is no number of JSON")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise TableError(f"it has {max(names, key=names.count)} twice")
    return made
