"""One prediction of a whole clip, window by window, by one device or by several."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import comfy.model_management as management
import torch
from comfy.context_windows import IndexListContextWindow
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....motion.windows import Window
from ..control import WindowControls
from ..notices import progress
from ..options import CREW, CROSS_FRAME, PLACED, REFERENCE_PART, TIMING, WINDOW_FRAMES, WINDOWS
from ..sampling import Call, Now, Timing
from ..workers import Job, Opener, packed
from .bank import WindowReference
from .caches import WindowCaches
from .devices import Devices, on_one
from .placed import Placed
from .remembered import Remembered
from .reuse import reused


@dataclass(frozen=True, eq=False)
class Asked:
    """What the host asks of a context handler."""

    predict: Callable[..., list[Tensor]]
    model: Any
    conds: Sequence[Any]
    """Lists of conditionings, each predicted for the whole clip."""
    clip: Tensor
    """(frames, channels, height, width)."""
    timestep: Tensor
    """(frames,)."""
    options: dict[str, Any]
    """The host's ``model_options``."""

    @property
    def inner(self) -> dict[str, Any]:
        """The host's ``transformer_options``."""
        return self.options["transformer_options"]


@dataclass(frozen=True, eq=False)
class Group:
    """Windows that come in one call of the model."""

    first: int
    """The number of its first window."""
    windows: Sequence[Window]

    @property
    def frames(self) -> list[int]:
        """Of all its windows."""
        return [frame for window in self.windows for frame in window.frames]

    @property
    def last(self) -> int:
        """The number of its last window."""
        return self.first + len(self.windows) - 1


class Prediction:
    """What acts in one prediction, and its calls of the model."""

    def __init__(
        self,
        asked: Asked,
        now: Now,
        windows: Sequence[Window],
        placed: Placed,
        resized: Callable[[Any, IndexListContextWindow, WindowControls], Any],
        overlap: int,
        left: Sequence[int] = (),
    ) -> None:
        """Ask what acts.

        Args:
            windows: those of the step, in the order in which they see one another.
            resized: cuts a list of conditionings to some frames.
            left: frames that none of the windows holds.
        """
        self._left = left
        self._asked, self._now, self._windows, self._placed = asked, now, windows, placed
        self._resized, self._overlap = resized, overlap
        timing, frames = now.timing, asked.clip.shape[0]
        self._controls: WindowControls = timing.kept.setdefault(WINDOWS, WindowControls())
        self._reference = WindowReference(asked.inner, now, windows)
        self._caches = WindowCaches(asked.inner, timing, asked.model.model_sampling, windows)
        self._remembered = Remembered(asked.options, windows, frames)
        self._devices = Devices(asked.options, timing)
        self._lock = threading.Lock()

    @property
    def windows(self) -> Sequence[Window]:
        """Those of the step."""
        return self._windows

    def part(self, first: int, count: int) -> list[Tensor]:
        """What the model makes of some windows, for each list of conditionings."""
        return self._call(Group(first, self._windows[first : first + count]))

    def made(self, at_once: Callable[[], int], wanted: int) -> list[Tensor]:
        """The whole clip for each list of conditionings.

        Args:
            at_once: how many windows a device can take in one call.
            wanted: how many somebody asked to come in one call, 0 if nobody did.
        """
        results = [self._placed.begun(self._asked.clip, self._left) for _ in self._asked.conds]
        first: list[Tensor] = []
        shared = self._shared(wanted or 1)
        for group, predictions in self._predicted(at_once) if shared is None else shared:
            for result, prediction in zip(results, predictions, strict=True):
                self._placed.add(result, prediction, group.windows)
            first = first or [prediction[: len(group.windows[0].frames)] for prediction in predictions]
        self._remembered.recall()
        self._caches.done()
        return reused(self._asked.inner, self._now, results, first) if len(self._windows) > 1 else results

    def _predicted(self, at_once: Callable[[], int]) -> Iterator[tuple[Group, list[Tensor]]]:
        """All groups in their order, with what the model makes of them for each list of conditionings."""
        # a cache of one device, and what is put together from all windows, cannot do with several
        if not self._devices.several or self._caches.at_once or self._remembered.acts:
            for group in self._groups(lambda: self._caches.at_once or at_once()):
                yield group, self._call(group)
            return
        home: torch.device = self._asked.clip.device
        for apart, run in groupby(self._groups(at_once, len(self._devices)), self._is_read_by_others):
            groups = list(run)
            if apart:
                for group in groups:
                    yield group, self._call(group, home, self._devices.model_on(home))
                continue
            found = self._devices.each(
                len(groups), lambda number, device, clone, groups=groups: self._call(groups[number], device, clone)
            )
            yield from zip(groups, found, strict=True)

    def _shared(self, at_once: int) -> Iterator[tuple[Group, list[Tensor]]] | None:
        """The same by workers, None if there are none or they cannot do it."""
        opener: Opener | None = self._now.timing.kept.get(CREW)
        if opener is None or len(self._windows) < 2:
            return None
        if self._caches.at_once or self._remembered.acts:
            opener.tell("Another node remembers what its model did: all windows are predicted here.")
            return None
        names = opener.names(self._asked.conds, self._asked.options)
        return None if names is None else self._by_workers(opener, names, at_once)

    def _by_workers(
        self, opener: Opener, names: Sequence[str | None], at_once: int
    ) -> Iterator[tuple[Group, list[Tensor]]]:
        crew, moments = opener.crew(), packed(self._asked.timestep)
        crew.begin_prediction()

        def job(group: Group) -> Job:
            latents = packed(self._placed.picked(self._asked.clip, group.windows), opener.settings.precision)
            return Job(names, moments, group.first, [window.frames for window in group.windows], latents)

        for apart, run in groupby(self._groups(lambda: at_once), self._is_read_by_others):
            groups = list(run)
            if apart:
                for group in groups:
                    crew.show(job(group))
                    yield group, self._call(group)
                continue
            jobs = [job(group) for group in groups]
            found = crew.each(jobs, lambda number, groups=groups: self._call(groups[number]), self._asked.clip)
            yield from zip(groups, found, strict=True)

    def _groups(self, at_once: Callable[[], int], devices: int = 1) -> Iterator[Group]:
        """Windows of the same length, and with the same reference window, which came before them."""
        numbered = enumerate(zip(self._windows, self._reference.sources, strict=True))
        for _, alike in groupby(numbered, key=lambda each: (len(each[1][0].frames), each[1][1])):
            same = [(number, window) for number, (window, _) in alike]
            # asked anew each time, because what a reference window leaves takes memory too
            count = min(at_once(), -(-len(same) // devices))
            for start in range(0, len(same), count):
                chosen = same[start : start + count]
                yield Group(chosen[0][0], [window for _, window in chosen])

    def _is_read_by_others(self, group: Group) -> bool:
        """Whether later windows look at what these leave, so that they have to wait for them."""
        if CROSS_FRAME in self._asked.inner and 0 in group.frames:
            return True
        return group.last in self._reference.sources

    def _call(
        self, group: Group, device: torch.device | None = None, clone: ModelPatcher | None = None
    ) -> list[Tensor]:
        """Predict some windows.

        Args:
            device: None lets the host choose.
            clone: the model on it.
        """
        management.throw_exception_if_processing_interrupted()
        self._show(group)
        asked, frames, total = self._asked, group.frames, self._asked.clip.shape[0]
        seen = IndexListContextWindow(frames, total_frames=total, context_overlap=self._overlap)
        length = len(group.windows[0].frames)
        part = self._reference.part(group.first, group.last)
        call = Call(len(asked.conds), length, frames, total, seen)
        told = {"context_window": seen, WINDOW_FRAMES: length, REFERENCE_PART: part, "ad_params": call.ad_params}
        told |= self._remembered.told(group.windows) | self._caches.told(group.windows[0], part is not None)
        options, model = asked.options, asked.model
        if device is not None and clone is not None:
            options, model = on_one(options, device, clone), clone.model
            told[TIMING] = self._timing(device)
        options = options | {"transformer_options": asked.inner | told}
        with self._lock:
            parts = [self._resized(cond, seen, self._controls) for cond in asked.conds]
        x, timestep = (self._placed.picked(each, group.windows) for each in (asked.clip, asked.timestep))
        return asked.predict(model, parts, x, timestep, options)

    def _show(self, group: Group) -> None:
        which = f"window {group.last + 1}"
        if len(group.windows) > 1:
            which = f"windows {group.first + 1} to {group.last + 1}"
        progress(f"context {which} of {len(self._windows)}")

    def _timing(self, device: torch.device) -> Timing:
        timing = self._now.timing
        if device == self._asked.clip.device:
            return timing
        with self._lock:
            other = timing.on(device)
            if CROSS_FRAME in timing.kept:
                other.kept[CROSS_FRAME] = timing.kept[CROSS_FRAME]
        return other


def placed_windows(now: Now, clip: Tensor, plans: Callable[[], Sequence[Window]]) -> Placed:
    """The windows of all steps of a sampling on its device.

    Args:
        plans: asks for them, the first time.
    """
    kept = now.timing.kept
    key = (PLACED, clip.device)
    if key not in kept:
        kept[key] = Placed(clip.device)
        kept[key].put(plans())
    return kept[key]
