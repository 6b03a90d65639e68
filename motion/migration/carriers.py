"""Files that carry a workflow: JSON, and pictures and videos with a graph inside. Standard library only."""

import itertools
import json
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .api import is_prompt
from .boxes import Data
from .texts import KEYS, texts_in
from .ui import is_scope

MOST_BYTES = 4 << 30
MOST_JSON = 256 << 20
MOST_TEXTS = 200
"""Texts of a file that are tried."""
PICTURES = frozenset({".png", ".apng", ".webp", ".jpg", ".jpeg", ".gif"})
VIDEOS = frozenset({".mp4", ".mov", ".m4v", ".webm", ".mkv"})
JSONS = frozenset({".json"})
KINDS = PICTURES | VIDEOS | JSONS
BLANK = b"\xef\xbb\xbf \t\r\n"


class NoWorkflowError(ValueError):
    """There is no workflow in a file, for a reason a person can understand."""


@dataclass(frozen=True)
class Carried:
    """What a file carries: a saved graph, an API prompt, or both."""

    workflow: Any = None
    prompt: Any = None

    def joined(self, other: "Carried") -> "Carried":
        """This, and of the other what is missing."""
        return Carried(
            self.workflow if self.workflow is not None else other.workflow,
            self.prompt if self.prompt is not None else other.prompt,
        )


def read_workflow(path: Path) -> Any:
    """The graph in a file; the API prompt if that is all there is, or whatever else a JSON file has.

    Raises:
        NoWorkflowError: there is none, or the file cannot be read.
    """
    if path.suffix.lower() in JSONS:
        with _opened(path, path.name) as data:
            return _read_whole(data, path.name)
    found = read_carried(path, path.name)
    return found.prompt if found.workflow is None else found.workflow


def read_carried(path: Path, name: str) -> Carried:
    """The graph and the API prompt in a file.

    Args:
        name: what people call the file.

    Raises:
        NoWorkflowError: there is neither, or the file cannot be read.
    """
    with _opened(path, name) as data:
        if path.suffix.lower() in JSONS or data[:64].lstrip(BLANK)[:1] in (b"{", b"["):
            found = _told(_read_whole(data, name))
            if found == Carried():
                raise NoWorkflowError(f"{name} is neither a saved graph nor an API prompt")
            return found
        return _carried(data, name)


def _carried(data: Data, name: str) -> Carried:
    found = Carried()
    problem = f"there is no workflow in {name}"
    for text in itertools.islice(texts_in(data), MOST_TEXTS):
        try:
            found = found.joined(_told(read_json(text, f"the workflow in {name}")))
        except NoWorkflowError as error:
            problem = str(error)
        if found.workflow is not None and found.prompt is not None:
            break
    if found == Carried():
        raise NoWorkflowError(problem)
    return found


def _told(data: Any) -> Carried:
    """A graph or a prompt, told by its shape rather than its name; or both, one of them or both as text."""
    if is_scope(data):
        return Carried(workflow=data)
    if not isinstance(data, dict):
        return Carried()
    if is_prompt(data):
        return Carried(prompt=data)
    found = Carried()
    for key in KEYS:
        inner = data.get(key)
        try:
            inner = read_json(inner.encode("utf-8", "surrogatepass")) if isinstance(inner, str) else inner
        except NoWorkflowError:
            continue
        if is_scope(inner):
            found = found.joined(Carried(workflow=inner))
        elif isinstance(inner, dict) and is_prompt(inner):
            found = found.joined(Carried(prompt=inner))
    return found


@contextmanager
def _opened(path: Path, name: str) -> Iterator[Data]:
    """The bytes of a file, which are not read before they are looked at."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise NoWorkflowError(f"{name} is larger than {MOST_BYTES >> 30} GB")
        if size == 0:
            raise NoWorkflowError(f"{name} is empty")
        file = path.open("rb")
    except OSError as error:
        raise NoWorkflowError(f"{name} cannot be read: {error.strerror or error}") from error
    with file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def _read_whole(data: Data, name: str) -> Any:
    if len(data) > MOST_JSON:
        raise NoWorkflowError(f"{name} is larger than {MOST_JSON >> 20} MB")
    return read_json(data[:], name)


def read_json(data: bytes, name: str = "it") -> Any:
    """JSON as programs write it; NaN and Infinity, which Python writes and browsers do not read, become null.

    Raises:
        NoWorkflowError: it is none.
    """
    try:
        return json.loads(data, parse_constant=lambda _: None)
    except RecursionError as error:
        raise NoWorkflowError(f"{name} is nested too deeply") from error
    except ValueError as error:
        raise NoWorkflowError(f"{name} is no JSON: {error}") from error
