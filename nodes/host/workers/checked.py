"""Whether workers would make what this ComfyUI makes: the same versions, and the same files by their contents."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import comfy.model_management as management

from ....motion.workers import GoneError, LostError, StoppedError, Worker, WorkersError
from ..notices import notice
from .contents import files_of, versions

START_SECONDS = 900.0
"""That a worker may take to start ComfyUI."""
MOST_NAMED = 5


def checked(workers: Sequence[Worker], prompt: Mapping[str, Any]) -> list[Worker]:
    """Those workers that can start; which of them cannot is told.

    Raises:
        WorkersError: one of them has another version, or other contents in a file that the prompt names.
        InterruptProcessingException: somebody did not want to wait for them.
    """
    files, over = files_of(prompt), Event()

    def ask(worker: Worker) -> Any:
        while True:
            try:
                return worker.ask("about", list(files), seconds=START_SECONDS, stopped=over.is_set)
            except LostError:
                over.wait(1.0)
            except (GoneError, StoppedError) as error:
                return error

    with ThreadPoolExecutor(max(1, len(workers))) as pool:
        asked = [pool.submit(ask, worker) for worker in workers]
        try:
            while wait(asked, timeout=0.1).not_done:
                management.throw_exception_if_processing_interrupted()
        finally:
            over.set()
    answers = {worker: each.result() for worker, each in zip(workers, asked, strict=True)}
    usable = {worker: answer for worker, answer in answers.items() if not isinstance(answer, Exception)}
    for worker in workers:
        if worker not in usable:
            notice(f"{worker.name} does not start: {answers[worker]}")
    problems = [problem for worker, answer in usable.items() for problem in _others(worker, answer, files)]
    if problems:
        more = f" ... and {len(problems) - MOST_NAMED} more." if len(problems) > MOST_NAMED else ""
        raise WorkersError(" ".join(problems[:MOST_NAMED]) + more)
    return list(usable)


def _others(worker: Worker, about: Mapping[str, Any], files: Mapping[str, str]) -> Iterator[str]:
    where = f"{worker.name} on {about['machine']}"
    for name, version in versions().items():
        if about["versions"][name] != version:
            theirs = about["versions"][name]
            yield f"{where} has another {name} ({theirs}, here {version}). Install the same one there."
    for file, content in files.items():
        if not about["files"][file]:
            yield f"{where} has no {file}. Copy it there."
        elif about["files"][file] != content:
            yield f"{file} has other contents at {where}. Copy the one of this machine there."
