"""Cells of a table as the values that inputs take."""

import re
from typing import Any

from .declared import Input

_WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?", re.ASCII)
_SHORTENED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?e[+-]?[0-9]+", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)
_COMMA = re.compile(r"[+-]?([0-9]*),([0-9]+)", re.ASCII)
THOUSANDS = 3
"""Digits behind a comma that may also divide thousands."""
TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
MOST_DIGITS = 300
EXACT = 2.0**53
"""Beyond it, numbers with a point are no longer whole ones exactly."""
SHOWN = 60


class ValueFaultError(ValueError):
    """A cell is no value of an input; the message goes on behind the input's name."""


def typed(cell: Any, input: Input | None, now: Any) -> Any:
    """The value of a cell.

    Args:
        cell: a text, or what JSON has.
        input: what the node declares, None if that is not known.
        now: the value in the prompt, which tells the type where nothing else does; None if there is none.

    Raises:
        ValueFaultError: it is none.
    """
    if isinstance(cell, list | dict):
        raise ValueFaultError(f"takes one value, and {cell!s:.{SHOWN}} is a list or an object")
    kind = input.type if input is not None and input.has_value else _kind(now)
    if kind == "COMBO":
        return _choice(cell, input, now)
    return {"BOOLEAN": _truth, "INT": _whole, "FLOAT": _number}.get(kind, _text)(cell)


def _kind(now: Any) -> str:
    if isinstance(now, bool):
        return "BOOLEAN"
    # a front end writes 8.0 as 8, so a whole number in a prompt does not say that the input takes no other
    return "FLOAT" if isinstance(now, int | float) else "STRING"


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else _shown(cell)


def _choice(cell: Any, input: Input | None, now: Any) -> Any:
    """One of the choices if it is spelled like one; others are the node's to judge, which may read more files."""
    choices = (*(() if input is None else input.choices), *(() if now is None else (now,)))
    text = _shown(cell)
    return next((choice for choice in choices if _shown(choice) == text), cell if isinstance(cell, str) else text)


def _truth(cell: Any) -> bool:
    found = TRUTHS.get(_shown(cell).lower())
    if found is None:
        raise ValueFaultError(f"takes true or false, not {_told(cell)}")
    return found


def _whole(cell: Any) -> int:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    text = _shown(cell)
    if isinstance(cell, bool) or len(text) > MOST_DIGITS or not _WHOLE.fullmatch(text):
        hint = ""
        if _SHORTENED.fullmatch(text):
            hint = "; if a spreadsheet has shortened it, make the column text, or write all digits"
        raise ValueFaultError(f"takes a whole number, not {_told(cell)}{hint}")
    if isinstance(cell, float) and abs(cell) > EXACT:
        raise ValueFaultError(f"takes a whole number, and {_told(cell)} has lost digits; write it without a point")
    return int(text.partition(".")[0])


def _number(cell: Any) -> float | int:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell
    text = _shown(cell)
    comma = _COMMA.fullmatch(text)
    if comma is not None and len(comma[2]) == THOUSANDS and comma[1] not in ("", "0"):
        raise ValueFaultError(f"takes a number, and {_told(cell)} may be two; write it with a point, or without")
    text = text.replace(",", ".") if comma else text
    if isinstance(cell, bool) or len(text) > MOST_DIGITS or not _NUMBER.fullmatch(text):
        raise ValueFaultError(f"takes a number, not {_told(cell)}")
    number = int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueFaultError(f"takes a number, and {_told(cell)} is too large for one")
    return number


def _shown(value: Any) -> str:
    """A value as a table spells it."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _told(cell: Any) -> str:
    return f"{_shown(cell)!r:.{SHOWN}}"
