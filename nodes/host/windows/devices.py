"""The windows of one prediction on several devices at once: the host's own clones of the model, and its own threads.

The host splits positive from negative conditionings, which is work for two devices at most, and for one at cfg 1. Here
each device predicts whole windows and takes the next one when it is done, so that a faster one takes more. What comes
out is put together in the order of the windows, whichever was ready first.
"""

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import comfy.model_management as management
import torch
from comfy.model_patcher import ModelPatcher

from ..notices import notice
from ..options import DEVICES
from ..sampling import Timing

CLONES, POOL = "multigpu_clones", "multigpu_thread_pool"
"""The host's names for the model on each device, and for a thread of each."""
Done = TypeVar("Done")


class Work(Generic[Done]):
    """Jobs by number, shared by threads."""

    def __init__(self, count: int) -> None:
        self.done: dict[int, Done] = {}
        self._waiting = deque(range(count))
        self._lock = threading.Lock()

    def take(self) -> int | None:
        """The next job, None if there is none."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def give_back(self, number: int) -> None:
        """Somebody else shall do it."""
        with self._lock:
            self._waiting.appendleft(number)

    def stop(self) -> None:
        """Nothing is taken any more."""
        with self._lock:
            self._waiting.clear()


class Devices:
    """The devices of one prediction of a clip."""

    def __init__(self, model_options: Mapping[str, Any], timing: Timing) -> None:
        self._clones: dict[torch.device, ModelPatcher] = dict(model_options.get(CLONES) or {})
        self._pool: Any = model_options.get(POOL)
        self.several = len(self._clones) > 1 and self._pool is not None
        self._lost: dict[torch.device, None] = timing.kept.setdefault(DEVICES, {})
        """Devices that failed in this sampling."""

    def __len__(self) -> int:
        return len(self._clones) - len(self._lost)

    def model_on(self, device: torch.device) -> ModelPatcher:
        """The host's clone of the model on one of them."""
        return self._clones[device]

    def each(self, count: int, predict: Callable[[int, torch.device, ModelPatcher], Done]) -> list[Done]:
        """Do jobs on all devices; what came out, in the order of the jobs.

        Args:
            predict: does the job of a number with the model on a device, in that device's thread.

        Raises:
            Exception: what the last device failed with.
        """
        work, inference = Work[Done](count), torch.is_inference_mode_enabled()

        def serve(device: torch.device) -> Exception | None:
            with torch.inference_mode(inference):
                while (number := work.take()) is not None:
                    try:
                        work.done[number] = predict(number, device, self.model_on(device))
                    except management.InterruptProcessingException:
                        work.stop()
                        raise
                    except Exception as error:
                        work.give_back(number)
                        return error
            return None

        while len(work.done) < count:
            devices = [device for device in self._clones if device not in self._lost]
            for device in devices:
                # progress is shown on the node that runs, which each thread has to know
                self._pool.submit(device, contextvars.copy_context().run, serve, device)
            answers = {device: self._pool.get_result(device) for device in devices}
            for _, interruption in answers.values():
                if interruption is not None:
                    raise interruption
            self._give_up({device: failure for device, (failure, _) in answers.items() if failure is not None})
        return [work.done[number] for number in range(count)]

    def _give_up(self, failures: Mapping[torch.device, Exception]) -> None:
        for device, failure in failures.items():
            if len(self) == 1:
                raise failure
            self._lost[device] = None
            text = " ".join(f"{type(failure).__name__}: {failure}".split())
            notice(f"{device} failed, and its windows go to the other devices. {text}")


def on_one(model_options: Mapping[str, Any], device: torch.device, patcher: ModelPatcher) -> dict[str, Any]:
    """The options of a call that the host shall make on one device, in the thread it is called from."""
    return {key: value for key, value in model_options.items() if key != POOL} | {CLONES: {device: patcher}}
