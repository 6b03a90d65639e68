"""Cells as values."""

from typing import Any

import pytest
from kinema.motion.jobs.declared import Input
from kinema.motion.jobs.reading import ValueFaultError, typed

WHOLE, NUMBER, TRUTH, TEXT = Input("INT"), Input("FLOAT"), Input("BOOLEAN"), Input("STRING")
CHOICE = Input("COMBO", ("euler", 16, True))


@pytest.mark.parametrize(
    ("cell", "input", "now", "value"),
    [
        ("18446744073709551615", WHOLE, 1, 18446744073709551615),
        ("-5", WHOLE, 1, -5),
        ("12.0", WHOLE, 1, 12),
        (12.0, WHOLE, 1, 12),
        ("7.5", NUMBER, 8, 7.5),
        ("7,5", NUMBER, 8, 7.5),
        ("0,125", NUMBER, 8, 0.125),
        ("1e3", NUMBER, 8, 1000.0),
        ("8", NUMBER, 8, 8),
        (".5", NUMBER, 8, 0.5),
        ("TRUE", TRUTH, False, True),
        ("no", TRUTH, True, False),
        (True, TRUTH, False, True),
        (0, TRUTH, True, False),
        ("1", TEXT, "x", "1"),
        (1, TEXT, "x", "1"),
        ("", TEXT, "x", ""),
        ("euler", CHOICE, "lcm", "euler"),
        ("16", CHOICE, "lcm", 16),
        ("true", CHOICE, "lcm", True),
        ("folder/new.png", CHOICE, "lcm", "folder/new.png"),
        ("7.5", None, 8, 7.5),
        ("true", None, False, True),
        ("5", None, "x", "5"),
        ("9", None, "x", "9"),
    ],
)
def test_values(cell: Any, input: Input | None, now: Any, value: Any) -> None:
    made = typed(cell, input, now)
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("cell", "input", "words"),
    [
        ("1e3", WHOLE, "takes a whole number, not '1e3'; if a spreadsheet has shortened it"),
        ("9,22337E+18", WHOLE, "spreadsheet"),
        ("7.5", WHOLE, "takes a whole number"),
        ("abc", WHOLE, "takes a whole number, not 'abc'"),
        ("1" * 5000, WHOLE, "takes a whole number"),
        (1e300, WHOLE, "takes a whole number"),
        (1.8446744073709552e19, WHOLE, "takes a whole number"),
        (True, WHOLE, "takes a whole number, not 'true'"),
        ("nan", NUMBER, "takes a number"),
        ("inf", NUMBER, "takes a number"),
        ("1e999", NUMBER, "too large"),
        ("1,000", NUMBER, "may be two"),
        ("1,000.5", NUMBER, "takes a number"),
        ("٣", NUMBER, "takes a number"),
        ("maybe", TRUTH, "takes true or false, not 'maybe'"),
        ([1, 2], TEXT, "is a list or an object"),
    ],
)
def test_what_is_no_value(cell: Any, input: Input, words: str) -> None:
    with pytest.raises(ValueFaultError, match=words):
        typed(cell, input, None)
