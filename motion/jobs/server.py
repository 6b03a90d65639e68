"""A ComfyUI that runs somewhere, over HTTP."""

import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from .columns import Prompt
from .errors import JobsError, RunnerLostError
from .outcome import Fault, File, Outcome, outcome_of, refusal

TIMEOUT = 60.0
"""Seconds for an answer; a server whose node holds it up answers late."""
SHORT = 5.0
"""The same where nothing is lost without an answer."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two looks at a job, from short ones to long ones."""
GONE_AFTER = 10.0
"""Seconds without an answer after which a server is gone."""
STOPPED = "It was stopped."
_FAILURES = (OSError, HTTPException, ValueError, TypeError)
"""What happens to requests, to answers, and to JSON that is none or something else."""


class Server:
    """Runs prompts on a ComfyUI, one at a time.

    Args:
        url: such as ``http://127.0.0.1:8188``; without its beginning, ``http`` is meant.

    Raises:
        JobsError: it is no address.
    """

    def __init__(self, url: str) -> None:
        self._url = (url if "://" in url else f"http://{url}").rstrip("/")
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise JobsError([f"{url} is no address of a ComfyUI; write one such as http://127.0.0.1:8188."])
        self._stopping = threading.Event()
        self._mine: set[str] = set()
        """Ids of prompts that are on the server, as far as is known."""

    @property
    def name(self) -> str:
        """Its address."""
        return self._url

    def nodes(self) -> Mapping[str, Any]:
        """What it says of its nodes: ``/object_info``.

        Raises:
            RunnerLostError: it does not answer, or is no ComfyUI.
        """
        try:
            told = self._get("/object_info", TIMEOUT)
        except _FAILURES as error:
            raise RunnerLostError(_why(error)) from error
        if not isinstance(told, dict) or not all(isinstance(node, dict) and "input" in node for node in told.values()):
            raise RunnerLostError("it answers, and not as a ComfyUI does")
        return told

    def is_there(self) -> bool:
        """Whether it answers; what was left on it is taken off, since that runs elsewhere now."""
        try:
            is_there = "exec_info" in self._get("/prompt", SHORT)
        except _FAILURES:
            return False
        for id in [*self._mine]:
            self._cancel(id)
        return is_there

    def run(self, prompt: Prompt) -> Outcome:
        """Queue a prompt and wait for its end.

        Raises:
            RunnerLostError: the server does not answer, or has forgotten it.
        """
        id = str(uuid.uuid4())
        self._mine.add(id)
        fault = self._queued(prompt, id)
        if fault is None:
            return self._awaited(id)
        self._cancel(id)
        return Outcome(error=fault)

    def stop(self) -> None:
        """Interrupt what runs and take what waits out of the queue."""
        self._stopping.set()
        for id in [*self._mine]:
            self._cancel(id)

    def _queued(self, prompt: Prompt, id: str) -> Fault | None:
        """Why a prompt is not in the queue, or only a part of it; None if all is well."""
        try:
            answer = self._post("/prompt", {"prompt": prompt, "prompt_id": id}, TIMEOUT)
        except HTTPError as error:
            return self._refused(error)
        except _FAILURES as error:
            raise RunnerLostError(_why(error)) from error
        if not isinstance(answer, dict) or answer.get("prompt_id") != id:
            raise RunnerLostError("it answers, and not as a ComfyUI does")
        return refusal(answer) if answer.get("node_errors") else None

    def _refused(self, error: HTTPError) -> Fault:
        try:
            answer = json.load(error)
        except _FAILURES:
            answer = None
        if isinstance(answer, dict) and ("error" in answer or "node_errors" in answer):
            return refusal(answer)
        if error.code in (413, 500):
            # of the prompt: larger than --max-upload-size, or of a shape that ComfyUI stumbles over
            return Fault(f"The server answers the prompt with {error.code} {error.reason}.")
        raise RunnerLostError(_why(error)) from error

    def _awaited(self, id: str) -> Outcome:
        start = answered = time.monotonic()
        while not self._stopping.is_set():
            try:
                outcome = self._outcome(id)
                answered = time.monotonic()
            except _FAILURES as error:
                outcome = None
                if time.monotonic() - answered > GONE_AFTER:
                    raise RunnerLostError(_why(error)) from error
            if outcome is not None:
                self._mine.discard(id)
                return outcome
            elapsed = time.monotonic() - start
            self._stopping.wait(min(LONGEST_PAUSE, max(SHORTEST_PAUSE, elapsed / 10)))
        self._cancel(id)
        return Outcome(error=Fault(STOPPED))

    def _outcome(self, id: str) -> Outcome | None:
        """What became of a prompt, None while it waits or runs."""
        entry = self._entry(id)
        if entry is None:
            if self._knows(id):
                return None
            # it may have ended in between
            entry = self._entry(id)
        if entry is None:
            self._mine.discard(id)
            raise RunnerLostError("it was started anew, or somebody took the job out of its queue")
        outcome = outcome_of(entry)
        return replace(outcome, files=[self._with_url(file) for file in outcome.files])

    def _entry(self, id: str) -> Mapping[str, Any] | None:
        """What the history has of a prompt."""
        history = self._get(f"/history/{id}", TIMEOUT)
        if not isinstance(history, dict):
            raise ValueError("a history is an object")
        return history.get(id)

    def _knows(self, id: str) -> bool:
        try:
            self._get(f"/api/jobs/{id}", TIMEOUT)
        except HTTPError as error:
            if error.code == 404:
                return False
            raise
        return True

    def _with_url(self, file: File) -> File:
        asked = urlencode({"filename": file.filename, "subfolder": file.subfolder, "type": file.type})
        return replace(file, url=f"{self._url}/view?{asked}")

    def _cancel(self, id: str) -> None:
        """Whether it runs, waits or is not there."""
        try:
            self._post("/queue", {"delete": [id]}, SHORT)
            # unlike /interrupt, this never means another prompt that begins at this moment
            self._post(f"/api/jobs/{id}/cancel", {}, SHORT)
        except _FAILURES:
            return
        self._mine.discard(id)

    def _get(self, path: str, timeout: float) -> Any:
        with urlopen(f"{self._url}{path}", timeout=timeout) as answer:
            return json.load(answer)

    def _post(self, path: str, body: Mapping[str, Any], timeout: float) -> Any:
        request = Request(f"{self._url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urlopen(request, timeout=timeout) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def _why(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"it answers with {error.code} {error.reason}"
    if isinstance(error, TimeoutError) or (isinstance(error, URLError) and isinstance(error.reason, TimeoutError)):
        return "it does not answer in time"
    if isinstance(error, URLError | OSError):
        return f"it cannot be reached ({getattr(error, 'reason', None) or error})"
    return "it answers, and not as a ComfyUI does"
