"""What is sent to queue many clips, read and checked."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....motion.jobs import Job, JobsError, Prompt, checked_prompt, each_once, planned, times_of
from ....motion.migration import NoWorkflowError, read_json
from ....motion.tables import Record, TableError, read_records
from ....motion.video import PrefixError, clean_prefix
from .declared import declared_here

MOST_JOBS = 1000
"""Prompts that one request may queue: pages ask for the whole queue again and again."""
KEYS = ("prompt", "jobs", "table", "times", "name", "client_id")
DIGITS = 12


@dataclass(frozen=True)
class Posted:
    """Jobs to queue, each once."""

    name: str
    jobs: Sequence[Job]
    client: str | None
    """Who is told how they go on."""


def read_posted(body: bytes) -> Posted:
    """Jobs of a request.

    Args:
        body: JSON with ``prompt``, ``jobs`` as a list of objects or ``table`` as a text, ``times`` and ``name``.

    Raises:
        JobsError: something is wrong with it.
    """
    try:
        sent = read_json(body)
    except NoWorkflowError as error:
        raise JobsError([f"This cannot be read: {error}."]) from error
    if not isinstance(sent, dict) or "prompt" not in sent:
        raise JobsError(["Send an object with a prompt in API format, and jobs or a table."])
    unknown = sorted(sent.keys() - set(KEYS))
    if unknown:
        raise JobsError([f"{unknown[0]} is nothing that is read here; there are {', '.join(KEYS)}."])
    prompt = checked_prompt(sent["prompt"], "prompt")
    times = times_of(sent.get("times", {}))
    jobs = planned(_records(sent), times, lambda name: _own(name, prompt), declared_here(prompt), MOST_JOBS)
    client = sent.get("client_id")
    return Posted(_name(sent, body), each_once(jobs), client if isinstance(client, str) else None)


def _own(name: str, prompt: Prompt) -> Prompt:
    if name:
        raise JobsError(["A column named workflow cannot be read here: send a request for each prompt."])
    return prompt


def _records(sent: dict[str, Any]) -> Sequence[Record]:
    jobs, table = sent.get("jobs"), sent.get("table")
    if jobs is not None and table is not None:
        raise JobsError(["Send jobs or a table, not both."])
    if jobs is None and table is None:
        return []
    if jobs is not None:
        if not isinstance(jobs, list) or not jobs or not all(isinstance(job, dict) for job in jobs):
            raise JobsError(['jobs is a list of objects, such as [{"KSampler.seed": 1}, {"KSampler.seed": 2}].'])
        # an empty one is a job, too: the prompt as it is
        values = ({name: value for name, value in job.items() if value is not None} for job in jobs)
        return [Record(f"job {number}", each) for number, each in enumerate(values, start=1)]
    if not isinstance(table, str):
        raise JobsError(["table is the text of a table, with a line that names its columns."])
    try:
        records = [*read_records(io.BytesIO(table.encode("utf-8", "replace")))]
    except TableError as error:
        raise JobsError([f"The table cannot be used: {error}."]) from error
    if not records:
        raise JobsError(["The table has no rows below its first line."])
    return records


def _name(sent: dict[str, Any], body: bytes) -> str:
    """Of the jobs, and of their file; the same request has the same one."""
    name = sent.get("name")
    return hashlib.sha256(body).hexdigest()[:DIGITS] if name is None else checked_name(name)


def checked_name(name: Any) -> str:
    """A name that a file may have on every system.

    Raises:
        JobsError: it is none.
    """
    if not isinstance(name, str):
        raise JobsError(["name is a text."])
    try:
        clean = clean_prefix(name, windows=True, example="seeds")
    except PrefixError as error:
        raise JobsError([f"name cannot be used: {error}."]) from error
    if str(clean) != name or len(clean.parts) != 1 or name.startswith("."):
        raise JobsError([f"name cannot be used: {name[:60]!r} is no name of a file everywhere; {clean.name!r} may be."])
    return name
