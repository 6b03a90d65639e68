"""A model whose windows go to workers."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from comfy_execution.utils import get_executing_context
from torch import Tensor

from ....motion.workers import WorkersError, cluster_at
from ..notices import notice, progress
from ..options import CREW, DISTRIBUTE, TIMING
from ..patching import wrapped
from .checked import Check, check_all
from .crew import Crew
from .post import STATION
from .settings import Settings, this_comfyui
from .upstream import upstream
from .wire import Start, packed

BESIDE = ("sampler_", "denoise_mask_function", "disable_cfg1_optimization")
"""Beginnings of options that act on what a prediction came to, not in it."""


def distribute(model: ModelPatcher, settings: Settings) -> ModelPatcher:
    """A clone of the model whose windows are shared out to workers."""
    return wrapped(model, DISTRIBUTE, {WrappersMP.SAMPLER_SAMPLE: Distributed(settings)})


@dataclass
class Results:
    """What the samplings of one run of a node have come to; the workers begin where it stands."""

    run: tuple[str, str]
    """The prompt's and the node's id."""
    samples: list[np.ndarray] = field(default_factory=list)


_results: list[Results] = []
"""Of the node that runs; it may sample several models one after the other."""


def results_of(run: tuple[str, str]) -> Results:
    """What a run of a node has come to so far."""
    if not _results or _results[0].run != run:
        _results[:] = [Results(run)]
    return _results[0]


class Distributed:
    """Around the sampler (host wrapper ``SAMPLER_SAMPLE``): workers for its windows; in a worker, those windows."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(
        self,
        executor: Any,
        guider: Any,
        sigmas: Tensor,
        extra_args: dict[str, Any],
        callback: Any,
        noise: Tensor,
        *rest: Any,
        **more: Any,
    ) -> Tensor:
        """Same signature as the host's ``Sampler.sample``."""
        context = get_executing_context()
        if context is None:
            raise WorkersError("Distribute Windows shares out samplings of workflows that ComfyUI runs, no others.")
        if STATION.works:
            post = STATION.post_for(context.prompt_id, context.node_id)
            if post is not None:
                return post.take(guider, extra_args["model_options"], noise)
            # a sampler above the one that is shared out, or one of a whole job
            return executor(guider, sigmas, extra_args, callback, noise, *rest, **more)
        results = results_of((context.prompt_id, context.node_id))
        timing = extra_args["model_options"]["transformer_options"].get(TIMING)
        # without windows of this pack nobody will ask for workers
        kept = {} if timing is None else timing.kept
        opener = Opener(self._settings, guider, extra_args["model_options"], context, results)
        kept[CREW] = opener
        samples: np.ndarray | None = None
        try:
            made = executor(guider, sigmas, extra_args, callback, noise, *rest, **more)
            samples = packed(made)
            results.samples.append(samples)
        finally:
            del kept[CREW]
            opener.close(samples)
        return made


class Opener:
    """Workers of one sampling, asked for when there is a window to give them."""

    def __init__(
        self, settings: Settings, guider: Any, model_options: Mapping[str, Any], context: Any, results: Results
    ) -> None:
        self._settings, self._guider, self._options = settings, guider, model_options
        self._context, self._results = context, results
        self._crew: Crew | None = None
        self._told: set[str] = set()

    @property
    def settings(self) -> Settings:
        """What the node was set to."""
        return self._settings

    def crew(self) -> Crew:
        """The workers, each of which builds the sampling from now on.

        Raises:
            WorkersError: there are none, or they would make something else.
        """
        if self._crew is None:
            prompt = upstream(self._context.node_id)
            progress("starting workers")
            workers = cluster_at(self._settings.address).workers(self._settings.workers, this_comfyui())
            check = Check(prompt)
            check_all(workers, check)
            start = Start(
                sampling=str(uuid.uuid4()),
                prompt=prompt,
                run=self._context.prompt_id,
                node=self._context.node_id,
                number=len(self._results.samples),
                results=list(self._results.samples),
            )
            self._crew = Crew(self._settings, workers, start, check.problems)
        return self._crew

    def names(self, conds: Sequence[Any], model_options: Mapping[str, Any]) -> list[str | None] | None:
        """What workers call lists of conditionings; None where they do not have those, or have other options."""
        known = {id(value): name for name, value in self._guider.conds.items()}
        if any(cond is not None and id(cond) not in known for cond in conds):
            self.tell("Another node has made conditionings of its own: their windows are predicted here.")
            return None
        if not _same(_acting(self._options), _acting(model_options)):
            self.tell("Another node changes the model's options: those windows are predicted here.")
            return None
        return [None if cond is None else known[id(cond)] for cond in conds]

    def tell(self, text: str) -> None:
        """A notice, once a sampling."""
        if text not in self._told:
            self._told.add(text)
            notice(text)

    def close(self, samples: np.ndarray | None) -> None:
        """The sampling is over; None if it failed or was interrupted."""
        if self._crew is not None:
            self._crew.close(samples)
            logging.info("[Kinema] Calls of the model: %s.", self._crew.told())
        elif samples is not None and not self._told:
            notice("Distribute Windows: no Sliding Context, or one window; nothing to share out.")


def _acting(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if not name.startswith(BESIDE)}


def _same(one: Any, other: Any) -> bool:
    """Whether two options are the same objects in the same places."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, (str, int, float, bool)) and type(one) is type(other) and one == other
