"""A worker's sampling: the sampler node stands still, and its model predicts the windows that it is asked for.

All around it is the host's own: the node was run by its queue, and has loaded models and prepared conditionings as it
would for a sampling of its own.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Condition, Event
from typing import Any, Protocol

import comfy.model_management as management
import numpy as np
import torch
from comfy.samplers import calc_cond_batch
from torch import Tensor

from ....motion.windows import Window
from ..options import SERVED
from .wire import MISSING, NOTHING, UNKNOWN, Answer, Job, Start, packed, unpacked


class Predicts(Protocol):
    """A prediction of the whole clip of which windows are asked one by one."""

    @property
    def windows(self) -> Sequence[Window]: ...  # noqa: D102

    def part(self, first: int, count: int) -> list[Tensor]: ...  # noqa: D102


class Asked:
    """A job, and its answer when that is there."""

    def __init__(self, job: Job) -> None:
        self.job, self.answer, self.done = job, Answer(problem=UNKNOWN), Event()


class Served:
    """In the options of one call of the model: which windows of the clip are wanted."""

    def __init__(self, job: Job, post: "Post") -> None:
        self._job, self._post = job, post

    def answer(self, prediction: Callable[[], Predicts]) -> list[Tensor]:
        """Those windows alone, (frames of them, channels, height, width) for each list of conditionings.

        Args:
            prediction: makes the one of the whole clip, which later jobs of the same one go on with.

        Raises:
            ValueError: the windows of this clip are others here.
        """
        predicts = self._post.prediction((self._job.sampling, self._job.prediction), prediction)
        first, count = self._job.first, len(self._job.frames)
        here = [list(window.frames) for window in predicts.windows[first : first + count]]
        if here != [list(frames) for frames in self._job.frames]:
            raise ValueError(f"window {first + 1} has other frames here")
        return predicts.part(first, count)


class Post:
    """One run of a sampler node on a worker."""

    def __init__(self, start: Start, run: str) -> None:
        self.start, self.run = start, run
        self._asked: SimpleQueue[Asked | np.ndarray | None] = SimpleQueue()
        self._turn = Condition()
        self._serves = -1
        self._count = 0
        self._stopped = False
        self._prediction: tuple[tuple[str, int], Predicts] | None = None
        self._seen: set[int] = set()

    def goes_on(self, start: Start) -> bool:
        """Whether a sampling is a later one of this very run."""
        here = self.start
        return (
            not self._stopped and (start.run, start.node) == (here.run, here.node) and start.number == here.number + 1
        )

    def serves(self, number: int, seconds: float) -> bool:
        """Whether a sampling waits for windows, now or within some seconds."""
        with self._turn:
            return self._turn.wait_for(lambda: self._serves == number, seconds)

    def asked(self, job: Job) -> Answer:
        """Have windows predicted by the node's thread."""
        if self._stopped or self._serves != self.start.number or job.sampling != self.start.sampling:
            return Answer(problem=UNKNOWN)
        asked = Asked(job)
        self._asked.put(asked)
        while not asked.done.wait(0.5):
            if self._stopped:
                return Answer(problem=UNKNOWN)
        return asked.answer

    def end(self, sampling: str, samples: np.ndarray) -> None:
        """The sampling that is served is done."""
        if sampling == self.start.sampling:
            self._asked.put(samples)

    def stop(self) -> None:
        """Nothing is served any more."""
        self._stopped = True
        self._asked.put(None)

    def take(self, guider: Any, model_options: dict[str, Any], noise: Tensor) -> Tensor:
        """Stand in for a sampler: serve windows until the sampling is done, and give what it came to.

        Args:
            guider: of the host, with everything prepared.
            noise: (frames, channels, height, width).

        Raises:
            InterruptProcessingException: the sampling was stopped.
        """
        number, self._count = self._count, self._count + 1
        if number < len(self.start.results):
            return unpacked(self.start.results[number], noise)
        clip = torch.zeros_like(noise)
        with self._turn:
            self._serves = number
            self._turn.notify_all()
        try:
            while True:
                asked = self._asked.get()
                if isinstance(asked, np.ndarray):
                    return unpacked(asked, noise)
                if not isinstance(asked, Asked):
                    raise management.InterruptProcessingException
                try:
                    asked.answer = self._answer(asked.job, guider, model_options, clip)
                except management.InterruptProcessingException:
                    raise
                except Exception as error:  # whatever a model fails with is told, and the next window tried
                    asked.answer = Answer(problem=" ".join(f"{type(error).__name__}: {error}".split()))
                finally:
                    asked.done.set()
        finally:
            self._serves, self._prediction = -1, None
            self._refuse()

    def prediction(self, name: tuple[str, int], make: Callable[[], Predicts]) -> Predicts:
        """The prediction of a sampling and number, made if it is a new one."""
        if self._prediction is None or self._prediction[0] != name:
            self._prediction, self._seen = (name, make()), set()
        return self._prediction[1]

    def _answer(self, job: Job, guider: Any, model_options: dict[str, Any], clip: Tensor) -> Answer:
        begun = time.perf_counter()
        known = self._prediction is not None and self._prediction[0] == (job.sampling, job.prediction)
        missing = [first for first in job.needs if not known or first not in self._seen]
        if missing:
            return Answer(problem=MISSING, missing=missing)
        frames = torch.tensor([frame for window in job.frames for frame in window], device=clip.device)
        clip.index_copy_(0, frames, unpacked(job.latents, clip))
        conds = [None if name is None else guider.conds[name] for name in job.conds]
        inner = model_options["transformer_options"] | {SERVED: Served(job, self)}
        moments = torch.from_numpy(np.array(job.moments)).to(clip.device)
        options = model_options | {"transformer_options": inner}
        found = calc_cond_batch(guider.inner_model, conds, clip, moments, options)
        self._seen.add(job.first)
        precision = "fp16" if job.latents.dtype == np.float16 else "fp32"
        answers = [
            NOTHING if cond is None else packed(each, precision) for cond, each in zip(conds, found, strict=True)
        ]
        return Answer(answers, time.perf_counter() - begun)

    def _refuse(self) -> None:
        """Let go of whoever still waits."""
        while True:
            try:
                asked = self._asked.get_nowait()
            except Empty:
                return
            if isinstance(asked, Asked):
                asked.done.set()


@dataclass
class Station:
    """What this process is for others."""

    works: bool = False
    """Whether it is a worker, and no ComfyUI that people use."""
    post: Post | None = None
    """The sampling that it takes part in."""

    def open(self, start: Start, run: str) -> Post:
        """Wait for a sampler node to run.

        Args:
            run: the id of its prompt here.
        """
        self.post = Post(start, run)
        return self.post

    def post_for(self, run: str, node: str) -> Post | None:
        """What takes the place of a sampler, None for one that samples by itself."""
        post = self.post
        return post if post is not None and (post.run, post.start.node) == (run, node) else None


STATION = Station()
"""Of this process."""
