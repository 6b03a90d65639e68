"""Which frames are meant, in a text: ``0, 4:16:2, -1``, with the indices and ranges of Python."""

import re
from dataclasses import dataclass

from ..values import plain
from .errors import BatchError

LONGEST = 100_000
"""Characters of a text."""
SHOWN = 24
"""Characters of a part that a message shows."""
_SEPARATORS = re.compile(r"[,; ]+")
_NUMBER = r"([+-]?[0-9]{1,18})"
_PART = re.compile(rf"{_NUMBER}?(:)?{_NUMBER}?(?::{_NUMBER}?)?")
_DASH = re.compile(r"[0-9]-|[0-9] - |[0-9]\.\.|[0-9]\u2026")
"""A range as it is written elsewhere; ``3 -1`` are two numbers."""
_BRACKETS = {"[": "]", "(": ")"}


@dataclass(frozen=True)
class Index:
    """One frame; a negative number counts from the end."""

    number: int


@dataclass(frozen=True)
class Range:
    """Frames from one to before another, as Python's slices have them."""

    text: str
    start: int | None
    stop: int | None
    step: int

    def of(self, count: int) -> range:
        """Those of so many frames; what is beyond them is not among them."""
        return range(*slice(self.start, self.stop, self.step).indices(count))


Part = Index | Range


def parse_selection(text: str) -> tuple[Part, ...]:
    """Read indices and ranges between commas, semicolons, spaces or new lines, in time that grows with the length.

    Raises:
        BatchError: something else is in it, or nothing.
    """
    if len(text) > LONGEST:
        raise BatchError(f"indices has {len(text)} characters; {LONGEST} are the most. Use ranges such as 0:16:2.")
    line = " ".join(plain(",".join(text.splitlines())).split())
    if line[:1] in _BRACKETS and line[-1] == _BRACKETS[line[0]]:
        line = line[1:-1].strip()
    dash = _DASH.search(line)
    if dash is not None:
        around = line[max(0, dash.start() - SHOWN // 4) :][:SHOWN]
        raise BatchError(f"indices: `{around}` is no range. Write it with a colon, as in 0:6, which ends before 6.")
    line = line.replace(" :", ":").replace(": ", ":").replace("- ", "-").replace("+ ", "+")
    parts = tuple(_part(each) for each in _SEPARATORS.split(line) if each)
    if not parts:
        raise BatchError("indices is empty. Write which frames to take, such as 0, 4:16:2, -1, or : for all.")
    return parts


def _part(text: str) -> Part:
    found = _PART.fullmatch(text)
    if found is None:
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        raise BatchError(
            f"indices: `{shown}` is neither a frame nor a range. Write whole numbers such as 3 or -1, and ranges "
            "such as 4:16 or 4:16:2."
        )
    start, colon, stop, step = found.groups()
    if colon is None:
        return Index(int(start))
    if step is not None and int(step) == 0:
        raise BatchError(f"indices: `{text}` has a step of 0. Use 1 to take every frame, -1 to go backwards.")
    return Range(text, _number(start), _number(stop), _number(step) or 1)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
