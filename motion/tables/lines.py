"""The lines of a text, with their numbers."""

import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from .encodings import LOOKED_AT, encoding_of
from .errors import TableError

LONGEST = 1 << 16
"""Characters of a line; a longer one is no row."""


class Line(NamedTuple):
    """A line without its end."""

    number: int
    """From 1."""
    text: str


def lines_of(file: BinaryIO, is_strict: bool = False) -> Iterator[Line]:
    """The lines of a text in any usual encoding.

    Args:
        is_strict: a line that is too long is an error, and not cut.

    Raises:
        TableError: it is no text, or a line is too long.
        OSError: it cannot be read.
    """
    start = file.read(LOOKED_AT)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding_of(start), errors="replace", newline=None)
    number = 1
    while line := text.readline(LONGEST):
        whole = line
        while not whole.endswith("\n") and (whole := text.readline(LONGEST)):
            if is_strict:
                raise TableError(f"line {number} is longer than {LONGEST} characters")
        yield Line(number, line.replace("\0", "").removesuffix("\n"))
        number += 1


def first_written(lines: Iterator[Line]) -> Line:
    """The next line with something on it.

    Raises:
        TableError: there is none.
    """
    line = next((line for line in lines if line.text.strip()), None)
    if line is None:
        raise TableError("it is empty")
    return line
