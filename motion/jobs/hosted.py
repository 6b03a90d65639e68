"""Workers of a Ray cluster as runners: each has a ComfyUI, which is asked over HTTP like any other."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..workers import GoneError, LostError, Worker, WorkersError, cluster_at
from .columns import Prompt
from .errors import JobsError, RunnerLostError
from .outcome import Outcome
from .server import Server

START_SECONDS = 900.0
"""That a worker may take to start ComfyUI."""


class OnWorker:
    """Runs prompts on the ComfyUI of one worker."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._server: Server | None = None

    @property
    def name(self) -> str:
        """The worker's."""
        return self._worker.name

    def nodes(self) -> Mapping[str, Any]:
        """What its ComfyUI says of its nodes.

        Raises:
            RunnerLostError: it does not start.
        """
        return self._served().nodes()

    def run(self, prompt: Prompt) -> Outcome:
        """Run a prompt to its end.

        Raises:
            RunnerLostError: the worker died.
        """
        return self._served().run(prompt)

    def is_there(self) -> bool:
        """Whether it runs, again or still."""
        try:
            return self._served().is_there()
        except RunnerLostError:
            return False

    def stop(self) -> None:
        """Interrupt what runs."""
        if self._server is not None:
            self._server.stop()

    def _served(self) -> Server:
        # asked each time, because a worker that was started anew listens elsewhere
        try:
            url = self._worker.ask("serve", seconds=START_SECONDS)
        except (GoneError, LostError) as error:
            raise RunnerLostError(str(error)) from error
        if self._server is None or self._server.name != url:
            self._server = Server(url)
        return self._server


def on_workers(address: str, count: int) -> Sequence[OnWorker]:
    """Runners on so many workers of a cluster; 0 for one on each GPU, or on each machine.

    Raises:
        JobsError: there is no such cluster.
    """
    try:
        return [OnWorker(worker) for worker in cluster_at(address).workers(count)]
    except WorkersError as error:
        raise JobsError([str(error)]) from error
