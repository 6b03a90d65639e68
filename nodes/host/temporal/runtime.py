"""Temporal layers inside a running UNet.

Nothing is stored on the UNet or in this module. A wrapper around each model call puts one frozen record into a
copy of ``transformer_options``; the handler, a stateless patch the host calls for every ResBlock and spatial
transformer, finds the record there. Two samplings, clones or devices therefore never see each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....motion.formats import Block
from ....motion.temporal import LoraModel, MotionModel, Steering, Term, Terms
from ....motion.values import ONE, MotionValue, Strength
from ....motion.windows import Window, WindowOptions, is_needed, plan_windows
from ..camera.camera import Camera, CameraControl, active_camera
from ..pictures.animated import FIRST, Picture, PictureNow
from ..sampling.moment import Moment
from ..sampling.timing import Now, timing_of
from ..sampling.window_frames import WINDOW_FRAMES, ad_params, frame_numbers
from .lora import MotionLora
from .norms import pooled_output, pooled_resblock

KEY = "kinema.motion"
LORAS = "kinema.loras"
CAMERAS = "kinema.cameras"
VIEWS = "kinema.views"
PATCH = "forward_timestep_embed_patch"
PICTURE_PATCH = "input_block_patch"

Anchors = Mapping[Block, type]
"""UNet block to the layer kind its temporal layers follow."""


@dataclass(frozen=True)
class Strengths:
    """How strongly and when one motion model acts."""

    scale: MotionValue = ONE
    effect: MotionValue = ONE
    start_percent: float = 0.0
    end_percent: float = 1.0


class Layer(NamedTuple):
    """One motion model and what acts on it in this call; the values no longer vary from step to step."""

    model: MotionModel
    scale: MotionValue = ONE
    effect: MotionValue = ONE
    rows: Tensor | None = None
    """How its position tables are adjusted, see `motion.positions`."""
    loras: tuple[tuple[LoraModel, MotionValue], ...] = ()
    camera: Camera | None = None
    picture: PictureNow | None = None


@dataclass(frozen=True)
class Runtime:
    """Everything the handler needs during one model call."""

    frames: int
    anchors: Anchors
    layers: tuple[Layer, ...]
    pool_resnets: bool
    numbers: Sequence[int] = ()
    """Each frame's number in the whole clip, of all windows that come in this call."""
    views: Sequence[Window] = ()
    """Windows within which the motion models see frames together, empty for all of them."""
    masks: dict[Any, Tensor] = field(default_factory=dict)
    """Masks in the resolutions of the layers, kept while a sampling lasts."""
    strengths: dict[Any, Strength] = field(default_factory=dict)
    """Values at the frames of this call, by resolution."""
    last: list[Tensor] = field(default_factory=list)
    """Filled with the input of the UNet's output layer where that layer has to be pooled."""

    def run(self, block: Block, x: Tensor) -> Tensor:
        """Apply every motion model that has temporal layers at this block, the newest first."""
        for model, scale, effect, rows, loras, camera, picture in reversed(self.layers):
            layer = model.at(block)
            if layer is not None:
                if picture is not None:
                    x = picture.added(block, x, effect)
                strengths = (self._strength(scale, x), self._strength(effect, x))
                terms = self._terms(loras, block, x)
                steering = None if camera is None else self._steering(camera, block, x)
                x = layer(x, self.frames, *strengths, model.format.pool_motion, terms, rows, self.views, steering)
        return x

    def _steering(self, camera: Camera, block: Block, x: Tensor) -> Steering | None:
        """What a camera adds at a block."""
        return camera.steering(block, x, self.frames, self.numbers, self._strength(camera.value, x))

    def enter(self, x: Tensor) -> Tensor:
        """Add what pictures put beside the noisy latents to the output of the UNet's first layer."""
        for layer in self.layers:
            if layer.picture is not None:
                x = layer.picture.added(FIRST, x, layer.effect)
        return x

    def _terms(self, loras: tuple[tuple[LoraModel, MotionValue], ...], block: Block, x: Tensor) -> Terms:
        """What the MotionLoRAs add at a block."""
        terms: dict[str, list[Term]] = {}
        for model, value in loras:
            for leaf, layer in model.at(block).items():
                terms.setdefault(leaf, []).append(Term(layer, self._strength(value, x)))
        return terms

    def _strength(self, value: MotionValue, x: Tensor) -> Strength:
        """A value at the frames and in the resolution of a layer's input."""
        size = (x.shape[2], x.shape[3])
        if (value, size) not in self.strengths:
            strength = value.over(self.numbers, size, x.device, self.masks)
            if isinstance(strength, Tensor) and strength.shape[0] > self.frames:
                # several windows, repeated for each conditioning
                strength = strength.unflatten(0, (-1, self.frames))
                strength = strength.repeat(x.shape[0] // strength.shape[:2].numel(), 1, 1)
            self.strengths[value, size] = strength
        return self.strengths[value, size]


class MotionHandler:
    """Run a UNet layer as the host would, then the temporal layers that follow it."""

    @torch.compiler.disable
    def __call__(
        self,
        layer: Any,
        x: Tensor,
        emb: Tensor,
        context: Tensor | None,
        options: dict[str, Any],
        *rest: Any,
    ) -> Tensor:
        """Called by the host for each layer; ``rest`` is output shape, time context, frame count, image-only flag."""
        runtime: Runtime | None = options.get(KEY)
        is_transformer = isinstance(layer, SpatialTransformer)
        other = self._other_handler(layer, options)
        if other is not None:
            x = other(layer, x, emb, context, options, *rest)
        elif is_transformer:
            x = layer(x, context, options)
            options["transformer_index"] = options.get("transformer_index", 0) + 1
        elif runtime is not None and runtime.pool_resnets:
            x = pooled_resblock(layer, x, emb, runtime.frames)
        else:
            x = layer(x, emb)
        if runtime is None:
            return x
        block = options["block"]
        if runtime.anchors.get(block) is (SpatialTransformer if is_transformer else ResBlock):
            x = runtime.run(block, x)
            if runtime.pool_resnets and block == max(key for key in runtime.anchors if key[0] == "output"):
                runtime.last.append(x)
        return x

    def _other_handler(self, layer: Any, options: dict[str, Any]) -> Any:
        """The patch another pack registered for this layer: the host itself would call only one of the two."""
        for kind, handler in options["patches"][PATCH]:
            if handler is not self and isinstance(layer, kind):
                return handler
        return None


HANDLER = MotionHandler()


@torch.compiler.disable
def enter_pictures(h: Tensor, options: dict[str, Any]) -> Tensor:
    """Called by the host after each input block (patch ``input_block_patch``)."""
    runtime: Runtime | None = options.get(KEY)
    return runtime.enter(h) if runtime is not None and options["block"] == FIRST else h


class Motion(NamedTuple):
    """One Animate Model of a chain, as the wrapper sees it."""

    strengths: Strengths
    rows: Tensor | None
    loras: tuple[tuple[int, MotionLora], ...]
    """Its MotionLoRAs, by number among the patchers attached under `LORAS`."""
    camera: tuple[int, CameraControl] | None = None
    """Its camera, by number among the patchers attached under `CAMERAS`."""
    picture: Picture | None = None


@dataclass(frozen=True)
class MotionWrapper:
    """Publishes the runtime record for each call of the model (host wrapper ``APPLY_MODEL``)."""

    motions: tuple[Motion, ...]
    anchors: Anchors

    def __call__(
        self,
        executor: Any,
        x: Tensor,
        t: Tensor,
        c_concat: Tensor | None = None,
        c_crossattn: Tensor | None = None,
        control: Any = None,
        transformer_options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Same signature as ``BaseModel.apply_model``."""
        options = dict(transformer_options or {})
        # a window or a split batch changes the number of frames from call to call, so it is counted here
        together = x.shape[0] // len(options["cond_or_uncond"])
        frames = options.get(WINDOW_FRAMES, together)
        now = Now(timing_of(options, executor.class_obj.model_sampling), lambda: float(options["sigmas"].max()))
        window = options.get("context_window")
        numbers, total = frame_numbers(together, window), frames if window is None else window.total_frames
        moment = Moment(now, executor.class_obj, x, numbers, total)
        layers = tuple(self._active(moment))
        options[KEY] = Runtime(
            frames,
            self.anchors,
            layers,
            # as the incumbent does, the oldest decides
            bool(layers) and layers[0].model.format.pool_resnets,
            numbers,
            views_now(now, frames, options.get(VIEWS)),
            now.timing.masks,
        )
        options["ad_params"] = ad_params(window, frames, together)
        return executor(x, t, c_concat, c_crossattn, control, options, **kwargs)

    def _active(self, moment: Moment) -> Iterator[Layer]:
        base, now, device = moment.base, moment.now, moment.x.device
        # the patchers in use, not those captured at patching time: each device of a multi-GPU run has its own
        models = base.current_patcher.get_additional_models_with_key(KEY)
        weights = base.current_patcher.get_additional_models_with_key(LORAS)
        cameras = base.current_patcher.get_additional_models_with_key(CAMERAS)
        for patcher, (strengths, rows, loras, steered, picture) in zip(models, self.motions, strict=True):
            effect = now.value(strengths, strengths.effect)
            if not effect.is_zero:
                on = ((weights[n].model, now.value(lora, lora.strength)) for n, lora in loras)
                scale = now.value(strengths, strengths.scale)
                kept = tuple((model, value) for model, value in on if not value.is_zero)
                moved = None if rows is None else rows.to(device)
                camera = None if steered is None else active_camera(steered[1], cameras[steered[0]].model, moment)
                seen = None if picture is None else picture.at(moment, patcher.model)
                yield Layer(patcher.model, scale, effect, moved, kept, camera, seen)


def views_now(now: Now, frames: int, options: WindowOptions | None) -> Sequence[Window]:
    """The windows within which motion models see frames together, none if they see all of them."""
    return plan_windows(frames, now.timing.step(now.sigma), options) if options and is_needed(frames, options) else ()


@torch.compiler.disable
def pool_output(
    executor: Any,
    x: Tensor,
    timesteps: Tensor | None = None,
    context: Tensor | None = None,
    y: Tensor | None = None,
    control: Any = None,
    transformer_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Tensor:
    """Recompute the UNet's output layer with its norm pooled over frames (host wrapper ``DIFFUSION_MODEL``).

    The host offers no patch between the last block and the output layer; the layer is one small convolution.
    """
    result = executor(x, timesteps, context, y, control, transformer_options, **kwargs)
    runtime: Runtime | None = (transformer_options or {}).get(KEY)
    if runtime is None or not runtime.last:
        return result
    return pooled_output(executor.class_obj.out, runtime.last.pop().type(x.dtype), runtime.frames)


def motion_patchers(model: ModelPatcher) -> list[ModelPatcher]:
    """The motion models attached to a model, oldest first."""
    return list(model.get_additional_models_with_key(KEY))
