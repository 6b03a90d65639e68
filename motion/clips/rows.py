"""Rows of tables that many hands and programs have been through.

A row is read by itself, so that a quotation mark that is never closed costs one row and not all behind it.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from .captions import encoding_of, one_line
from .errors import ClipsError

DELIMITERS = (",", ";", "\t", "|")
MOST_LINES = 16
"""Lines of one row; with more of them a quotation mark was not closed."""
LONGEST = 1 << 16
"""Characters of a line; a longer one is no row."""
LOOKED_AT = 1 << 20
"""Bytes from which the encoding is told."""
_TOLD = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
"""What Excel has before the head."""
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r")
MOST_CONTROLS = 0.02
"""Part of the bytes of a text that are no letters of one; pictures and videos have more."""


def read_rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table with the numbers of their lines, from 1; the first is its head.

    Args:
        file: text in any usual encoding, separated by commas, semicolons, tabs or bars, which its head tells; or
            with a JSON object on every line.

    Raises:
        ClipsError: there is nothing in it, or no text.
        OSError: it cannot be read.
    """
    start = file.read(LOOKED_AT)
    file.seek(0)
    lines = _lines(io.TextIOWrapper(file, _encoding(start), errors="replace", newline=None))
    head = next(((number, line) for number, line in lines if line.strip()), None)
    if head is None:
        raise ClipsError("it is empty")
    if head[1].lstrip().startswith("{"):
        yield from _objects(head, lines)
        return
    told = _TOLD.fullmatch(head[1].strip())
    if told is not None:
        head = next(((number, line) for number, line in lines if line.strip()), head)
    delimiter = max(DELIMITERS, key=head[1].count) if told is None else told[1]
    yield head[0], _cells(head[1], delimiter)
    for number, row in _joined(lines, delimiter):
        if row.strip():
            yield number, _cells(row, delimiter)


def _objects(head: tuple[int, str], lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Lines that are JSON objects, whose first one tells the columns; what is none is a row with nothing in it."""
    columns: list[str] = []
    for number, line in chain((head,), lines):
        if not line.strip():
            continue
        row = _object(line)
        if not columns:
            columns = [*row]
            yield number, columns
        yield number, [one_line(str(row.get(column, ""))) for column in columns]


def _object(line: str) -> dict[str, object]:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _encoding(start: bytes) -> str:
    told = encoding_of(start)
    if told is not None:
        return told
    try:
        # of a longer file the last letter may be cut in two
        codecs.getincrementaldecoder("utf-8")().decode(start, final=len(start) < LOOKED_AT)
    except UnicodeDecodeError as error:
        if len(start.translate(None, _CONTROLS)) < (1.0 - MOST_CONTROLS) * len(start):
            raise ClipsError("it is no text") from error
        return "cp1252"
    return "utf-8"


def _lines(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    number = 1
    while line := text.readline(LONGEST):
        whole = line
        while not whole.endswith("\n") and (whole := text.readline(LONGEST)):
            pass  # the rest of a line that is no row
        yield number, line.replace("\0", "").removesuffix("\n")
        number += 1


def _joined(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, str]]:
    """Lines, those together that belong to one row; however they are, each is looked at a bounded number of times."""
    waiting: list[tuple[int, str]] = []
    for each in lines:
        waiting.append(each)
        while waiting:
            count = _complete(waiting, delimiter)
            if count is None and len(waiting) < MOST_LINES:
                break  # it may be closed on the next line
            count = count or 1
            yield waiting[0][0], "\n".join(line for _, line in waiting[:count])
            del waiting[:count]
    yield from waiting


def _complete(waiting: list[tuple[int, str]], delimiter: str) -> int | None:
    """How many of some lines make up the first row, None if it goes on behind them."""
    if '"' not in waiting[0][1]:
        return 1
    for count in range(1, len(waiting) + 1):
        if _is_closed("\n".join(line for _, line in waiting[:count]), delimiter):
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
