"""Rows in one or more lines, and their cells.

A row is read by itself, so that a quotation mark that is never closed costs one row and not all behind it.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .errors import TableError
from .lines import Line, first_written

DELIMITERS = (",", ";", "\t", "|")
MOST_LINES = 16
"""Lines of one row; with more of them a quotation mark was not closed."""
MOST_LINES_STRICT = 1000
"""The same where such a mark is an error, and not just a letter."""
_TOLD = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
"""What Excel has before the head."""
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')


class Row(NamedTuple):
    """Cells, without the blanks around them."""

    line: int
    """Its number, from 1, where the row begins."""
    cells: list[str]


def separated(head: Line, lines: Iterator[Line], is_strict: bool = False) -> Iterator[Row]:
    """The rows of a table that is separated by commas, semicolons, tabs or bars, which its head tells; the head first.

    Args:
        head: its first line that has something on it, or what Excel writes before that.
        lines: behind it.
        is_strict: a quotation mark that is not closed is an error, and not a letter.

    Raises:
        TableError: there is such a mark.
    """
    told = _TOLD.fullmatch(head.text.strip())
    if told is not None:
        head = first_written(lines)
    outside = _QUOTED.sub("", head.text)
    delimiter = max(DELIMITERS, key=outside.count) if told is None else told[1]
    yield Row(head.number, _cells(head.text, delimiter))
    for row in _joined(lines, delimiter, is_strict):
        if row.text.strip():
            yield Row(row.number, _cells(row.text, delimiter))


def _joined(lines: Iterator[Line], delimiter: str, is_strict: bool) -> Iterator[Line]:
    """Lines, those together that belong to one row; however they are, each is looked at a bounded number of times."""
    most = MOST_LINES_STRICT if is_strict else MOST_LINES
    waiting: list[Line] = []
    for each in lines:
        waiting.append(each)
        is_first = len(waiting) == 1
        while waiting:
            # a row that was not closed before is not closed by a line without a quotation mark
            looked = is_first or '"' in each.text
            count = _complete(waiting, delimiter, 1 if is_first else len(waiting)) if looked else None
            if count is None and len(waiting) < most:
                break  # it may be closed on the next line
            if count is None and is_strict:
                raise _open(waiting[0])
            count = count or 1
            yield Line(waiting[0].number, "\n".join(line.text for line in waiting[:count]))
            del waiting[:count]
            is_first = True
    if waiting and is_strict:
        raise _open(waiting[0])
    yield from waiting


def _open(line: Line) -> TableError:
    return TableError(f"a quotation mark in line {line.number} is not closed, or something follows it")


def _complete(waiting: Sequence[Line], delimiter: str, least: int) -> int | None:
    """How many of some lines, ``least`` or more, make up the first row, None if it goes on behind them."""
    if '"' not in waiting[0].text:
        return 1
    for count in range(least, len(waiting) + 1):
        if _is_closed("\n".join(line.text for line in waiting[:count]), delimiter):
            return count
    return None


def _is_closed(row: str, delimiter: str) -> bool:
    place, cell = 0, _cell(delimiter, is_strict="\n" in row)
    while place <= len(row):
        found = cell.match(row, place)
        if found is None:
            return False
        place = found.end() + 1
    return True


def _cell(delimiter: str, is_strict: bool) -> re.Pattern[str]:
    """A cell: within quotation marks, which are doubled inside, or without.

    Args:
        is_strict: nothing may follow on quotation marks, as it does where one that was never closed meets another.
    """
    end = re.escape(delimiter)
    rest = "" if is_strict else f"[^{end}]*+"
    return re.compile(rf'(?:"(?:[^"]|"")*+"{rest}|(?!")[^{end}]*+)(?={end}|\Z)')


def _cells(row: str, delimiter: str) -> list[str]:
    if '"' not in row:
        return [cell.strip() for cell in row.split(delimiter)]
    quoting = csv.QUOTE_MINIMAL if _is_closed(row, delimiter) else csv.QUOTE_NONE
    try:
        cells = next(csv.reader([row], delimiter=delimiter, quoting=quoting), [])
    except csv.Error:  # a cell beyond what the library takes
        cells = row.split(delimiter)
    return [cell.strip() for cell in cells]
