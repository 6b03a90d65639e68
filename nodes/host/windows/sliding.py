"""Sliding context windows on the host's own context-handler mechanism."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

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
from ..notices import notice
from ..options import CONTEXT_REFERENCES, CROSS_FRAME, SERVED, TIMING, WINDOWS, WINDOWS_TOLD
from ..patching import wrapped
from ..sampling import Now, Timing, start_timing, timing_of
from .caches import check_caches
from .known import needed, note_known
from .prediction import Asked, Prediction, placed_windows
from .refused import check_patches

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
        return is_needed(x_in.shape[0], self._options(_moment(model, timestep, model_options)))

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
        now, frames = _moment(model, timestep, model_options), x_in.shape[0]
        options = self._options(now)
        windows = plan_windows(frames, now.step if options.moves else 0, options)
        windows, left = needed(windows, now.timing.kept)
        if not windows:
            return [x_in.clone() for _ in conds]
        placed = placed_windows(now, x_in, lambda: self._planned(now.timing, frames))
        # nothing new, unless a sampler goes by other steps than those it began with
        placed.put(windows)
        if CROSS_FRAME in model_options["transformer_options"]:
            # all others read that frame
            windows.sort(key=lambda window: 0 not in window.frames)
        asked = Asked(calc_cond_batch, model, conds, x_in, timestep, model_options)
        resized = partial(handler._resized, x_in)

        def prediction() -> Prediction:
            return Prediction(asked, now, windows, placed, resized, options.overlap, left)

        if SERVED in asked.inner:
            return asked.inner[SERVED].answer(prediction)
        return prediction().made(lambda: self._at_once(model, x_in, len(conds), windows), self.windows_per_call)

    def _resized(self, x_in: Tensor, cond: Any, window: IndexListContextWindow, controls: WindowControls) -> Any:
        resized = self.get_resized_cond(cond, x_in, window)
        for entry in resized or ():
            if "control" in entry:
                entry["control"] = controls.of(entry["control"], window.index_list, (x_in.shape[2], x_in.shape[3]))
        return resized

    def _options(self, now: Now) -> WindowOptions:
        """The options that hold at a moment; the noise level is asked for only if there are several."""
        if len(self.stages) == 1:
            return self.stages[0].options
        return self.stages[max(now.timing.active(self, self.stages)[now.step], 0)].options

    def _planned(self, timing: Timing, frames: int) -> list[Window]:
        """The windows of every step."""
        active = timing.active(self, self.stages)
        each = [(step, self.stages[max(stage, 0)].options) for step, stage in enumerate(active)]
        plans = dict.fromkeys((step if options.moves else 0, options) for step, options in each)
        return [window for step, options in plans for window in plan_windows(frames, step, options)]

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


def _moment(model: Any, timestep: Tensor, model_options: dict[str, Any]) -> Now:
    timing = timing_of(model_options["transformer_options"], model.model_sampling)
    return Now(timing, lambda: float(timestep[0]))


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
        cut = [stage.options for stage in handler.stages if is_needed(frames, stage.options)]
        moving = [plan_windows(frames, 0, each) != plan_windows(frames, 1, each) for each in cut]
        if cut:
            options = guider.model_options["transformer_options"]
            check_patches(guider.model_options, frames)
            told = check_caches(options, all(moving))
            if told and WINDOWS_TOLD not in options:
                notice(told)
                options[WINDOWS_TOLD] = True
    start_timing(guider, sigmas)
    if isinstance(handler, SlidingContext):
        mask = rest[0] if rest else more.get("denoise_mask")
        note_known(guider.model_options, mask, guider.model_options["transformer_options"][TIMING].kept)
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
