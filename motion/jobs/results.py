"""What became of jobs, in a file that is added to line by line, so that a new start goes on where it was."""

import contextlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from ..disk import taken
from .errors import JobsError
from .outcome import Fault, File, Outcome

SUCCESS, ERROR = "success", "error"
BEGINNING = b'{"name": '
"""Of every line."""
FAR = 1 << 40
"""Where the file is locked: behind all that is in it, so that others may read it."""


class Named(Protocol):
    """A job, as far as its result tells of it."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def key(self) -> str: ...  # noqa: D102

    @property
    def values(self) -> Mapping[str, Any]: ...  # noqa: D102


@dataclass(frozen=True)
class Result:
    """What became of a job; a line of the file."""

    name: str
    key: str
    values: Mapping[str, Any]
    status: str
    """`SUCCESS` or `ERROR`."""
    files: Sequence[File]
    seconds: float
    runner: str
    error: Fault | None
    time: str
    """When it was over, as in ISO 8601."""

    @classmethod
    def of(cls, job: Named, outcome: Outcome, runner: str, seconds: float) -> "Result":
        """What a job has come to just now."""
        status = SUCCESS if outcome.error is None else ERROR
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(job.name, job.key, job.values, status, outcome.files, seconds, runner, outcome.error, now)

    def as_json(self) -> dict[str, Any]:
        """As it is written."""
        return asdict(self)


class Results:
    """A file of results that is open for more of them.

    Raises:
        JobsError: it is something else, another process adds to it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("a+b")
            self._file.seek(FAR)
            if taken(self._file) is False:
                self._file.close()
                raise JobsError([f"{path} is in use: these jobs run already. Wait for them, or choose another file."])
            self._file.seek(0)
            data = self._file.read()
        except OSError as error:
            raise JobsError([f"{path} cannot be written ({error.strerror}). Choose another file."]) from error
        self._results = _read(data)
        if not self._results and data.strip() and not _is_cut_off(data):
            self._file.close()
            raise JobsError([f"{path} is no file of results. Choose another one, which may be new."])
        if data and not data.endswith(b"\n"):
            # what is behind the last end of a line was cut off
            self._write(b"\n")

    @property
    def results(self) -> Mapping[str, Result]:
        """The last result of each job by key, but one that succeeded stays."""
        return self._results

    def done(self) -> Collection[str]:
        """Keys of jobs that succeeded."""
        return {key for key, result in self._results.items() if result.status == SUCCESS}

    def add(self, result: Result) -> None:
        """Write a result, which is on the disk afterwards.

        Raises:
            OSError: it is not.
        """
        self._results[result.key] = result
        try:
            line = json.dumps(result.as_json(), ensure_ascii=False).encode()
        except UnicodeEncodeError:  # halves of letters
            line = json.dumps(result.as_json()).encode()
        self._write(line + b"\n")

    def close(self) -> None:
        """Let others add to it; an empty file is removed."""
        with contextlib.suppress(OSError):
            if not self.path.stat().st_size:
                self.path.unlink()
        self._file.close()

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())


def read_results(path: Path) -> Mapping[str, Result]:
    """Results by key, none if there is no file.

    Raises:
        OSError: it cannot be read.
    """
    return _read(path.read_bytes()) if path.exists() else {}


def _read(data: bytes) -> dict[str, Result]:
    found: dict[str, Result] = {}
    for line in data.splitlines():
        result = _result(line)
        if result is not None and (result.status == SUCCESS or _is_open(found.get(result.key))):
            found[result.key] = result
    return found


def _is_cut_off(data: bytes) -> bool:
    """Whether this is the beginning of the first result."""
    return b"\n" not in data and BEGINNING.startswith(data[: len(BEGINNING)])


def _is_open(result: Result | None) -> bool:
    return result is None or result.status != SUCCESS


def _result(line: bytes) -> Result | None:
    """None for what is no result, such as a line that was cut off."""
    try:
        told = json.loads(line)
        files = tuple(File(**file) for file in told.pop("files"))
        error = told.pop("error")
        result = Result(**told, files=files, error=None if error is None else Fault(**error))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return result if isinstance(result.key, str) and result.status in (SUCCESS, ERROR) else None
