"""Whether workers would make what this ComfyUI makes: the same versions, and the same files by their contents."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import comfy.model_management as management

from ....motion.workers import GoneError, LostError, StoppedError, Worker, WorkersError
from .contents import files_of, versions

WAIT_SECONDS = 120.0
"""For workers that start; those that take longer are checked when they are there."""
START_SECONDS = 3600.0
"""That a worker may take to start ComfyUI."""
MOST_NAMED = 5


class Check:
    """What a prompt needs, compared with what a worker has."""

    def __init__(self, prompt: Mapping[str, Any]) -> None:
        self._files = files_of(prompt)
        self._kinds = sorted({node["class_type"] for node in prompt.values()})

    def problems(self, worker: Worker, stopped: Callable[[], bool]) -> Sequence[str]:
        """Why a worker would make something else, or nothing; a sentence each.

        Raises:
            LostError: it died.
            GoneError: it cannot start.
            StoppedError: nobody waits any more.
        """
        about = worker.ask("about", list(self._files), self._kinds, seconds=START_SECONDS, stopped=stopped)
        return list(self._others(f"{worker.name} on {about['machine']}", about))

    def _others(self, where: str, about: Mapping[str, Any]) -> Iterator[str]:
        for name, version in versions().items():
            if about["versions"][name] != version:
                theirs = about["versions"][name]
                yield f"{where} has other {name}: {theirs}; here {version}. Make them the same."
        for kind in about["lacking"]:
            yield f"{where} has no node {kind}. Install its pack there."
        for file, content in self._files.items():
            if not about["files"][file]:
                yield f"{where} has no {file}. Copy it there."
            elif about["files"][file] != content:
                yield f"{file} has other contents at {where}. Copy the one of this machine there."


def check_all(workers: Sequence[Worker], check: Check) -> None:
    """Check those workers that are there soon.

    Raises:
        WorkersError: one of them has another version, or other contents in a file that the prompt names.
        InterruptProcessingException: somebody did not want to wait for them.
    """
    over = Event()

    def ask(worker: Worker) -> Sequence[str]:
        while True:
            try:
                return check.problems(worker, over.is_set)
            except LostError:
                if over.wait(1.0):
                    return ()
            except (GoneError, StoppedError):
                # told when it is to take part
                return ()

    with ThreadPoolExecutor(max(1, len(workers))) as pool:
        asked, end = [pool.submit(ask, worker) for worker in workers], time.monotonic() + WAIT_SECONDS
        try:
            while wait(asked, timeout=0.1).not_done and time.monotonic() < end:
                management.throw_exception_if_processing_interrupted()
        finally:
            over.set()
    problems = [problem for each in asked for problem in each.result()]
    if problems:
        raise WorkersError(in_short(problems))


def in_short(problems: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" ... and {len(problems) - MOST_NAMED} more." if len(problems) > MOST_NAMED else ""
    return " ".join(problems[:MOST_NAMED]) + more
