"""One worker, asked through Ray."""

import time
from collections.abc import Callable
from typing import Any

from .errors import GoneError, LostError, StoppedError

POLL = 0.1
"""Seconds between two looks whether anybody still waits for an answer."""


class Worker:
    """One process of the cluster with a ComfyUI of its own."""

    def __init__(self, ray: Any, actor: Any, number: int) -> None:
        self._ray, self._actor = ray, actor
        self._hint: Any = None
        self.is_gone = False
        """Whether it died for good, so that there has to be another."""
        self.name = f"worker {number}"

    def ask(self, method: str, *values: Any, seconds: float, stopped: Callable[[], bool] = lambda: False) -> Any:
        """What it answers.

        Raises:
            LostError: it died, or took longer than some seconds and is started anew.
            GoneError: it cannot start, or fails at something that no restart mends.
            StoppedError: ``stopped`` says that nobody waits any more.
        """
        errors = self._ray.exceptions
        try:
            answer = self._actor.call.remote(method, *values)
            end = time.monotonic() + seconds
            while not self._ray.wait([answer], timeout=POLL)[0]:
                if stopped():
                    raise StoppedError
                if time.monotonic() > end:
                    self.restart()
                    raise LostError(f"took longer than {seconds:g} s")
            return self._ray.get(answer)
        except errors.ActorUnavailableError as error:
            raise LostError("died") from error
        except errors.ActorDiedError as error:
            self.is_gone = True
            raise GoneError(last_line(error)) from error
        except errors.RayTaskError as error:
            raise GoneError(last_line(error)) from error
        except errors.RayError as error:
            # what is left: the machine that held the answer is gone, the network, the other end of either
            raise LostError(last_line(error)) from error

    def tell(self, method: str, *values: Any) -> None:
        """The same without waiting; a worker that is gone does not get it."""
        self._actor.call.remote(method, *values)

    def hint(self, method: str, *values: Any) -> None:
        """The same, if it is done with the last one: hints that come faster than they are taken help nobody."""
        if self._hint is None or self._ray.wait([self._hint], timeout=0)[0]:
            self._hint = self._actor.call.remote(method, *values)

    def restart(self) -> None:
        """End it at once, whatever it does; Ray starts it anew."""
        self._ray.kill(self._actor, no_restart=False)

    def end(self) -> None:
        """End it for good."""
        self._ray.kill(self._actor)


def last_line(error: BaseException) -> str:
    """What an error of Ray comes to; above it are its traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
