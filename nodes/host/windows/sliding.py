"""Sliding context windows on the host's own context-handler mechanism."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import comfy.model_management as management
import torch
from comfy.context_windows import (
    ContextFuseMethod,
    ContextSchedule,
    IndexListContextHandler,
    IndexListContextWindow,
)
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ....motion.values import active_keyframes
from ....motion.windows import Window, WindowError, WindowOptions, is_needed, plan_windows
from ..control import WindowControls
from ..notices import notice, progress
from ..options import CONTEXT_REFERENCES, CROSS_FRAME, REFERENCE_PART, WINDOW_FRAMES, WINDOWS, WINDOWS_TOLD
from ..patching import wrapped
from ..sampling import Call, start_timing, timing_of
from .bank import WindowReference
from .caches import WindowCaches, check_caches
from .refused import check_patches
from .remembered import Remembered
from .reuse import reused

CPU_PIXELS = 1 << 12
"""Pixels of latents in one call on a CPU: a window of 16 frames of 16x16 keeps it busy, of smaller ones several do
(`python dev.py bench lengths --together`: 9 to 13 per cent at 8x8 and less, none from 16x16 on)."""


@dataclass(frozen=True)
class Stage:
    """Windows from some part of the sampling on."""

    options: WindowOptions
    start_percent: float = 0.0
    guarantee_steps: int = 1


class SlidingContext(IndexListContextHandler):
    """The windows of a clip: planned in `motion.windows`, everything conditional cut to them by the host."""

    def __init__(self, stages: Sequence[Stage], windows_per_call: int = 0) -> None:
        """Make a handler.

        Args:
            stages: the newest that has started holds; before the first one, the first.
            windows_per_call: 0 takes as many as fit into free memory on an accelerator and as keep a CPU busy.
        """
        self.stages = tuple(sorted(stages, key=lambda stage: stage.start_percent))
        self.windows_per_call = windows_per_call
        longest = max(self.stages, key=lambda stage: stage.options.length).options
        named = "planned by kinema"
        super().__init__(
            ContextSchedule(named, plan_windows),
            ContextFuseMethod(named, plan_windows),
            context_length=longest.length,
            context_overlap=longest.overlap,
            context_stride=longest.stride,
            closed_loop=longest.closed_loop,
            causal_window_fix=False,
        )

    def should_use_context(
        self, model: Any, conds: Any, x_in: Tensor, timestep: Tensor, model_options: dict[str, Any]
    ) -> bool:
        """Whether the clip is longer than a window, or a loop has to be closed."""
        options, _ = self._now(model, timestep, model_options)
        return is_needed(x_in.shape[0], options)

    def execute(
        self,
        calc_cond_batch: Callable[..., list[Tensor]],
        model: Any,
        conds: list[Any],
        x_in: Tensor,
        timestep: Tensor,
        model_options: dict[str, Any],
    ) -> list[Tensor]:
        """Predict every window and add up the predictions by their weights.

        Args:
            conds: lists of conditionings, each predicted for the whole clip.
            x_in: (frames, channels, height, width).
        """
        # the base class looks for the model on itself; this object serves other samplings at the same time
        handler = copy.copy(self)
        handler._model = model
        options, step = self._now(model, timestep, model_options)
        timing = timing_of(model_options["transformer_options"], model.model_sampling)
        controls = timing.kept.setdefault(WINDOWS, WindowControls())
        outer, sigma = model_options["transformer_options"], float(timestep[0])
        windows = plan_windows(x_in.shape[0], step, options)
        if CROSS_FRAME in outer:
            # all others read that frame
            windows.sort(key=lambda window: 0 not in window.frames)
        reference = WindowReference(outer, timing, sigma, windows)
        caches = WindowCaches(outer, timing, model.model_sampling, windows)
        remembered = Remembered(model_options, windows, x_in.shape[0])
        results = [torch.zeros_like(x_in) for _ in conds]
        first: list[Tensor] = []
        done = 0

        def at_once() -> int:
            return caches.at_once or self._at_once(model, x_in, len(conds), windows)

        for group in _groups(windows, reference.sources, at_once):
            management.throw_exception_if_processing_interrupted()
            last = done + len(group)
            which = f"window {last}" if len(group) == 1 else f"windows {done + 1} to {last}"
            progress(f"step {step + 1} of {len(timing.sigmas)}, context {which} of {len(windows)}")
            frames = [frame for window in group for frame in window.frames]
            seen = IndexListContextWindow(frames, total_frames=x_in.shape[0], context_overlap=options.overlap)
            part = reference.part(done, done + len(group) - 1)
            length = len(group[0].frames)
            call = Call(len(conds), length, frames, x_in.shape[0], seen)
            told = {"context_window": seen, WINDOW_FRAMES: length, REFERENCE_PART: part, "ad_params": call.ad_params}
            told |= remembered.told(group) | caches.told(group[0], part is not None)
            inner = model_options | {"transformer_options": outer | told}
            parts = [handler._resized(cond, x_in, seen, controls) for cond in conds]
            predictions = calc_cond_batch(model, parts, x_in[frames], timestep[frames], inner)
            for result, prediction in zip(results, predictions, strict=True):
                _add(result, prediction, group)
            first = first or [prediction[:length] for prediction in predictions]
            done += len(group)
        remembered.recall()
        caches.done()
        return reused(outer, timing, sigma, results, first) if len(windows) > 1 else results

    def _resized(self, cond: Any, x_in: Tensor, window: IndexListContextWindow, controls: WindowControls) -> Any:
        resized = self.get_resized_cond(cond, x_in, window)
        for entry in resized or ():
            if "control" in entry:
                entry["control"] = controls.of(entry["control"], window.index_list, (x_in.shape[2], x_in.shape[3]))
        return resized

    def _now(self, model: Any, timestep: Tensor, model_options: dict[str, Any]) -> tuple[WindowOptions, int]:
        """The options that hold at a noise level, and the number of the step."""
        timing = timing_of(model_options["transformer_options"], model.model_sampling)
        step = timing.step(float(timestep[0]))
        if len(self.stages) == 1:
            return self.stages[0].options, step
        return self.stages[max(timing.active(self, self.stages)[step], 0)].options, step

    def _at_once(self, model: Any, x_in: Tensor, conds: int, windows: Sequence[Window]) -> int:
        """How many windows to predict in one call."""
        if self.windows_per_call:
            return self.windows_per_call
        longest = max(len(window.frames) for window in windows)
        if x_in.device.type == "cpu":
            return max(1, CPU_PIXELS // (longest * x_in.shape[-2:].numel()))
        free = model.current_patcher.get_free_memory(x_in.device)
        count = 1
        while count < len(windows):
            # the host's own margin, see its batching of conditionings
            shape = [conds * (count + 1) * longest, *x_in.shape[1:]]
            if model.memory_required(shape) * 1.5 >= free:
                break
            count += 1
        return count


def _groups(
    windows: Sequence[Window], sources: Sequence[int | None], at_once: Callable[[], int]
) -> Iterator[list[Window]]:
    """Windows that come in one call: of the same length, and with the same reference window, which came before them."""
    for _, alike in groupby(zip(windows, sources, strict=True), key=lambda pair: (len(pair[0].frames), pair[1])):
        same = [window for window, _ in alike]
        # asked anew each time, because what a reference window leaves takes memory too
        count = at_once()
        yield from (same[start : start + count] for start in range(0, len(same), count))


def _add(result: Tensor, prediction: Tensor, group: Sequence[Window]) -> None:
    """Add predictions of one call to the clip; window after window, as if each had come alone."""
    for window, part in zip(group, prediction.chunk(len(group)), strict=True):
        weights = torch.tensor(window.weights, dtype=result.dtype, device=result.device)
        result.index_add_(0, torch.tensor(window.frames, device=result.device), part * weights[:, None, None, None])


def slide(model: ModelPatcher, stage: Stage, windows_per_call: int = 0) -> ModelPatcher:
    """A clone of the model that samples clips of any length window by window.

    Sliding the result once more adds a stage: other windows from another part of the sampling on.
    """
    slid = wrapped(model, WINDOWS, {WrappersMP.PREPARE_SAMPLING: _prepared, WrappersMP.OUTER_SAMPLE: _begun})
    before = model.model_options.get("context_handler")
    stages = (*before.stages, stage) if isinstance(before, SlidingContext) else (stage,)
    slid.model_options["context_handler"] = SlidingContext(stages, windows_per_call)
    slid.remove_wrappers_with_key(WrappersMP.PREPARE_SAMPLING, "ContextWindows_prepare_sampling")
    return slid


def _prepared(executor: Any, model: ModelPatcher, noise_shape: Sequence[int], *rest: Any, **more: Any) -> Any:
    """Asks for the memory of one window and of what a reference window leaves (host wrapper ``PREPARE_SAMPLING``)."""
    handler = model.model_options.get("context_handler")
    frames, *size = noise_shape
    if isinstance(handler, SlidingContext) and frames > handler.context_length:
        frames = handler.context_length
        base: Any = model.model
        banks = [
            reference.bank_size(frames, size[-2], size[-1], base.get_dtype_inference().itemsize)
            for reference in model.model_options["transformer_options"].get(CONTEXT_REFERENCES, ())
        ]
        # the host reserves two rows for each frame, positive and negative
        frames += math.ceil(max(banks, default=0) / (2 * base.memory_required([1, *size])))
    return executor(model, [frames, *size], *rest, **more)


def _begun(
    executor: Any, noise: Tensor, latent_image: Tensor, sampler: Any, sigmas: Tensor, *rest: Any, **more: Any
) -> Tensor:
    """Starts the timing of a sampling, whether or not a motion model does so too, and asks for every plan once.

    Raises:
        WindowError: a stage has no windows for a clip of this length, or a patch on the model cannot do with windows.
    """
    guider = executor.class_obj
    handler, frames = guider.model_options.get("context_handler"), noise.shape[0]
    if isinstance(handler, SlidingContext):
        needed = [stage.options for stage in handler.stages if is_needed(frames, stage.options)]
        moving = [plan_windows(frames, 0, each) != plan_windows(frames, 1, each) for each in needed]
        if needed:
            options = guider.model_options["transformer_options"]
            check_patches(guider.model_options, frames)
            told = check_caches(options, all(moving))
            if told and WINDOWS_TOLD not in options:
                notice(told)
                options[WINDOWS_TOLD] = True
    start_timing(guider, sigmas)
    return executor(noise, latent_image, sampler, sigmas, *rest, **more)


def plans(model: ModelPatcher, frames: int, steps: int) -> list[list[Window]]:
    """The windows of each step as a sampling of so many even steps would have them.

    Raises:
        WindowError: the model has no sliding context.
    """
    handler = model.model_options.get("context_handler")
    if not isinstance(handler, SlidingContext):
        raise WindowError("This model has no windows to draw. Connect the model that comes out of Sliding Context.")
    starts = [-stage.start_percent for stage in handler.stages]
    owed = [stage.guarantee_steps for stage in handler.stages]
    active = active_keyframes(starts, owed, [-step / steps for step in range(steps)])
    return [plan_windows(frames, step, handler.stages[max(stage, 0)].options) for step, stage in enumerate(active)]
