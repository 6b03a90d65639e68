"""What a worker answers: what it has, samplings it takes part in, and windows of them."""

import asyncio
import platform
import socket
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....motion.jobs import outcome_of
from .contents import content_of, versions
from .post import STATION, Post
from .wire import UNKNOWN, Answer, Job, Start, as_wire

LOOK = 0.05
"""Seconds between two looks at a prompt."""


class Desk:
    """The worker's side of every call; several may come at once."""

    def __init__(self, server: Any, machine: str, loop: asyncio.AbstractEventLoop) -> None:
        """Stand before a ComfyUI.

        Args:
            server: the host's ``PromptServer``, whose queue runs the prompts.
            machine: address of this machine in the cluster.
            loop: that of the server, which runs.
        """
        self._server, self._machine, self._loop = server, machine, loop
        self._queue = server.prompt_queue
        self._url = ""
        self._post: Post | None = None
        self._beginning = threading.Lock()
        self._over: set[str] = set()
        STATION.works = True

    def about(self, files: Sequence[str], kinds: Sequence[str]) -> dict[str, Any]:
        """The machine, its versions, a hash of each of some files, and which kinds of nodes it lacks.

        The hash of a file is empty where there is none.
        """
        import nodes  # the host's

        found = {file: content_of(file) for file in files}
        lacking = [kind for kind in kinds if kind not in nodes.NODE_CLASS_MAPPINGS]
        return {"machine": platform.node(), "versions": versions(), "files": found, "lacking": lacking}

    def serve(self) -> str:
        """The address at which this ComfyUI listens from now on, for prompts that are whole jobs."""
        with self._beginning:
            if not self._url:
                with socket.socket() as probe:
                    probe.bind((self._machine, 0))
                    port = probe.getsockname()[1]
                asyncio.run_coroutine_threadsafe(self._listen(port), self._loop).result()
                self._url = f"http://{self._machine}:{port}"
            return self._url

    async def _listen(self, port: int) -> None:
        await self._server.setup()
        await self._server.start_multi_address([(self._machine, port)], None, False)

    def begin(self, sent: Mapping[str, Any]) -> str:
        """Build a sampling and wait for its windows; what went wrong, nothing if all is well."""
        start = Start(**sent)
        with self._beginning:
            if start.sampling in self._over:
                return "the sampling is over"
            if self._post is not None and self._post.goes_on(start):
                self._post.start = start
                if (problem := self._begun(self._post, start)) != UNKNOWN:
                    return problem
            self._stop()
            problem = self._run(start)
            if problem == UNKNOWN:
                # ComfyUI has kept what this very sampler came to, and runs it only if that is gone
                self._queue.set_flag("free_memory", True)
                while self._queue.get_flags(reset=False):
                    time.sleep(LOOK)
                problem = self._run(start)
            return "ComfyUI did not run the sampler" if problem == UNKNOWN else problem

    def predict(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Windows of a sampling."""
        job, post = Job(**sent), self._post
        answer = Answer(problem=UNKNOWN) if post is None else post.asked(job)
        return as_wire(answer)

    def end(self, sampling: str, samples: np.ndarray) -> None:
        """A sampling is done; the node goes on with what it came to."""
        if self._post is not None:
            self._post.end(sampling, samples)

    def stop(self, sampling: str) -> None:
        """Stop a sampling, and what may still be on the way to it; comes back when nothing of it runs."""
        # calls may overtake one another
        self._over.add(sampling)
        if self._post is not None and self._post.start.sampling == sampling:
            self._post.stop()
            self._queue.interrupt_if_running(self._post.run)
        with self._beginning:
            if self._post is not None and self._post.start.sampling == sampling:
                self._stop()

    def _run(self, start: Start) -> str:
        run = str(uuid.uuid4())
        post = self._post = STATION.open(start, run)
        self._queue.put((0, run, dict(start.prompt), {}, [start.node], {}))
        return self._begun(post, start)

    def _begun(self, post: Post, start: Start) -> str:
        """Wait until a sampling waits for windows."""
        while not post.serves(start.number, LOOK):
            if past := self._queue.get_history(post.run):
                fault = outcome_of(past[post.run]).error
                return UNKNOWN if fault is None else " ".join(str(fault).split())
        return ""

    def _stop(self) -> None:
        post, self._post = self._post, None
        if post is None:
            return
        post.stop()
        while not self._queue.get_history(post.run):
            self._queue.interrupt_if_running(post.run)
            time.sleep(LOOK)
