"""Values that every row of a table is multiplied with, such as seeds."""

import csv
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import JobsError

MOST_VALUES = 100_000
_RANGE = re.compile(r"(-?[0-9]{1,20})\.\.(-?[0-9]{1,20})", re.ASCII)


@dataclass(frozen=True)
class Times:
    """A column that is not in the table, and its values."""

    column: str
    values: Sequence[Any]


def read_times(text: str) -> Times:
    """``NODE.input=1,2,3``: values with commas in quotation marks, whole numbers from one to another as ``1..20``.

    Raises:
        JobsError: it is none.
    """
    column, equals, told = text.partition("=")
    if not equals or not column.strip() or not told.strip():
        raise JobsError([f'--times takes NODE.input=VALUE,VALUE, such as "KSampler.seed=1,2,3", not {text!r}.'])
    return Times(column.strip(), [*itertools.islice(_values(text, told.strip()), MOST_VALUES + 1)])


def _values(text: str, told: str) -> Iterator[Any]:
    cells: list[Any]
    if told.startswith("["):
        try:
            cells = json.loads(told)
        except (ValueError, RecursionError) as error:
            raise JobsError([f"--times {text}: the list is no JSON ({error})."]) from error
    else:
        try:
            cells = [cell.strip() for cell in next(csv.reader([told], skipinitialspace=True, strict=True))]
        except csv.Error as error:
            raise JobsError([f"--times {text}: a quotation mark is not closed, or something follows it."]) from error
    for cell in cells:
        ends = _RANGE.fullmatch(cell) if isinstance(cell, str) else None
        if ends is None:
            yield cell
        elif int(ends[1]) > int(ends[2]):
            raise JobsError([f"--times {text}: {cell} has no numbers; write the smaller one first."])
        else:
            yield from range(int(ends[1]), int(ends[2]) + 1)


def times_of(told: Any) -> list[Times]:
    """The same as an object of JSON has it: columns with lists of values.

    Raises:
        JobsError: it is none.
    """
    if not isinstance(told, Mapping) or not all(isinstance(values, list) for values in told.values()):
        raise JobsError(['times is an object with lists, such as {"KSampler.seed": [1, 2, 3]}.'])
    return [Times(column, values) for column, values in told.items()]
