"""The jobs of a table, all checked before the first one runs."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..tables import Record
from .columns import ColumnError, Place, Prompt, places_of
from .declared import Declared
from .errors import JobsError
from .job import Change, Job, changed, key_of, texts_of
from .reading import ValueFaultError, typed
from .times import Times

NAME, WORKFLOW = "name", "workflow"
"""Columns that set no input."""
MOST_JOBS = 100_000
SHOWN = 40
"""Letters of a value in a name."""
Prompts = Callable[[str], Prompt]
"""The prompt of a name in the column `WORKFLOW`, "" where nothing is in it; raises JobsError."""


def planned(
    records: Sequence[Record], times: Sequence[Times], prompts: Prompts, declared: Declared, most: int = MOST_JOBS
) -> Sequence[Job]:
    """The jobs of rows, every one with all combinations of further values; the last of these vary first.

    Args:
        records: none for the prompt as it is, once.
        declared: what is known of nodes.
        most: jobs there may be.

    Raises:
        JobsError: a column means nothing, a cell is no value of its input, or there are too many jobs.
    """
    count = max(1, len(records)) * math.prod(len(each.values) for each in times)
    if count > most:
        raise JobsError([f"These are {count} jobs; {most} are the most. Run them in several parts."])
    _check_times(records, times)
    planning = _Planning(prompts, declared)
    rows = records or [Record("", {})]
    in_rows = itertools.chain.from_iterable(row.values for row in rows)
    planning.check_columns(dict.fromkeys([*in_rows, *(each.column for each in times)]), rows)
    jobs = [job for row in rows for job in planning.jobs(row, times)]
    if planning.problems:
        raise JobsError([*planning.problems])
    # rows without a name are numbered as jobs
    return [job if job.name else replace(job, name=str(number)) for number, job in enumerate(jobs, 1)]


def _check_times(records: Sequence[Record], times: Sequence[Times]) -> None:
    columns = [each.column for each in times]
    in_table = {column for record in records for column in record.values}
    problems = [f"{each.column} has no values to multiply with." for each in times if not each.values]
    for column in dict.fromkeys(columns):
        if column in (NAME, WORKFLOW) or columns.count(column) > 1:
            problems.append(f"{column} cannot be multiplied with, or is twice.")
        elif column in in_table:
            problems.append(f"{column} is a column of the table, and is to be multiplied with; leave one of them.")
    if problems:
        raise JobsError(problems)


class _Planning:
    """Looks every workflow and every column of it up once."""

    def __init__(self, prompts: Prompts, declared: Declared) -> None:
        self.problems: dict[str, None] = {}
        """In the order they were found, each once."""
        self._prompts, self._declared = prompts, declared
        self._found: dict[str, Prompt | None] = {}
        self._texts: dict[int, str] = {}
        self._places: dict[tuple[str, str], Sequence[Place] | ColumnError] = {}

    def check_columns(self, columns: Iterable[str], rows: Sequence[Record]) -> None:
        """Refuse columns that mean nothing in any of the workflows."""
        workflows = [name for name in dict.fromkeys(_workflow(row) for row in rows) if self._prompt(name) is not None]
        for column in columns:
            places = [self._of(workflow, column) for workflow in workflows]
            if column not in (NAME, WORKFLOW) and places and all(isinstance(each, ColumnError) for each in places):
                self.problems[str(places[0])] = None

    def jobs(self, row: Record, times: Sequence[Times]) -> Iterator[Job]:
        """The jobs of a row; what is wrong with it is in `problems`."""
        workflow = _workflow(row)
        prompt = self._prompt(workflow)
        if prompt is None:
            return
        seen: dict[tuple[str, str], str] = {}
        alone = changed(prompt, self._changes(row.place, workflow, row.values, seen))
        told = {column: value for column, value in row.values.items() if column != NAME}
        for values in itertools.product(*(each.values for each in times)):
            further = {each.column: value for each, value in zip(times, values, strict=True)}
            made = changed(alone, self._changes("", workflow, further, seen)) if further else alone
            key = "" if self.problems else key_of(made, self._texts)
            yield Job(_named(row, further), {**told, **further}, made, key)

    def _changes(
        self, place: str, workflow: str, values: Mapping[str, Any], seen: dict[tuple[str, str], str]
    ) -> Iterator[Change]:
        """The values of columns.

        Args:
            seen: which column an input has its value from; added to.
        """
        for column, cell in values.items():
            if column in (NAME, WORKFLOW):
                continue
            places = self._of(workflow, column)
            if isinstance(places, ColumnError):
                # said once for the whole table if it is so in all workflows
                if str(places) not in self.problems:
                    self.problems[f"{place}: {places}" if place else str(places)] = None
                continue
            for each in places:
                other = seen.setdefault((each.node, each.input), column)
                if other != column:
                    self.problems[f"{other} and {column} are the same input, {each.input} of node {each.node}."] = None
                try:
                    yield Change(each, typed(cell, each.declared, each.now))
                except ValueFaultError as error:
                    self.problems[f"{place or 'times'}, {column}: it {error}."] = None

    def _of(self, workflow: str, column: str) -> Sequence[Place] | ColumnError:
        if (workflow, column) not in self._places:
            prompt = self._prompt(workflow)
            assert prompt is not None
            try:
                self._places[workflow, column] = places_of(column, prompt, self._declared)
            except ColumnError as error:
                self._places[workflow, column] = error
        return self._places[workflow, column]

    def _prompt(self, workflow: str) -> Prompt | None:
        if workflow not in self._found:
            try:
                prompt = self._found[workflow] = self._prompts(workflow)
                self._texts.update(texts_of(prompt))
            except JobsError as error:
                self._found[workflow] = None
                self.problems.update(dict.fromkeys(error.problems))
        return self._found[workflow]


def _workflow(row: Record) -> str:
    return str(row.values.get(WORKFLOW, "")).strip()


def _named(row: Record, further: Mapping[str, Any]) -> str:
    """The name of a row and what it is multiplied with, nothing if the row has none."""
    name = str(row.values.get(NAME, "")).strip()
    values = [f"{column.rpartition('.')[2]}={str(value)[:SHOWN]}" for column, value in further.items()]
    return ", ".join([name, *values]) if name else ""
