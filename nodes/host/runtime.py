"""Temporal layers inside a running UNet.

Nothing is stored on the UNet or in this module. A wrapper around each model call puts one frozen record into a
copy of ``transformer_options``; the handler, a stateless patch the host calls for every ResBlock and spatial
transformer, finds the record there. Two samplings, clones or devices therefore never see each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ...motion.module import MotionModel
from ...motion.sites import Block
from .norms import pooled_output, pooled_resblock

KEY = "kinema.motion"
RANGES = "kinema.ranges"
PATCH = "forward_timestep_embed_patch"

Anchors = Mapping[Block, type]
"""UNet block to the layer kind its temporal layers follow."""


@dataclass(frozen=True)
class Strengths:
    """How strongly and when one motion model acts."""

    scale: float = 1.0
    effect: float = 1.0
    start_percent: float = 0.0
    end_percent: float = 1.0


@dataclass(frozen=True)
class Runtime:
    """Everything the handler needs during one model call."""

    frames: int
    anchors: Anchors
    layers: tuple[tuple[MotionModel, Strengths], ...]
    pool_resnets: bool
    last: list[Tensor] = field(default_factory=list)
    """Filled with the input of the UNet's output layer where that layer has to be pooled."""

    def run(self, block: Block, x: Tensor) -> Tensor:
        """Apply every motion model that has temporal layers at this block, the newest first."""
        for model, strengths in reversed(self.layers):
            layer = model.at(block)
            if layer is not None:
                x = layer(x, self.frames, strengths.scale, strengths.effect, model.format.pool_motion)
        return x


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


@dataclass(frozen=True)
class MotionWrapper:
    """Publishes the runtime record for each call of the model (host wrapper ``APPLY_MODEL``)."""

    strengths: tuple[Strengths, ...]
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
        base = executor.class_obj
        # a window or a split batch changes the number of frames from call to call, so it is counted here
        frames = x.shape[0] // len(options["cond_or_uncond"])
        layers = tuple(self._active(base, options))
        options[KEY] = Runtime(frames, self.anchors, layers, any(model.format.pool_resnets for model, _ in layers))
        window = options.get("context_window")
        options["ad_params"] = {
            "sub_idxs": None if window is None else list(window.index_list),
            "full_length": frames if window is None else window.total_frames,
            "context_length": frames if window is None else len(window.index_list),
        }
        return executor(x, t, c_concat, c_crossattn, control, options, **kwargs)

    def _active(self, base: Any, options: dict[str, Any]) -> list[tuple[MotionModel, Strengths]]:
        # the patcher in use, not one captured at patching time: each device of a multi-GPU run has its own
        patchers = base.current_patcher.get_additional_models_with_key(KEY)
        ranges = options.get(RANGES) or sigma_ranges(base.model_sampling, self.strengths)
        active = []
        for patcher, strengths, (start, end) in zip(patchers, self.strengths, ranges, strict=True):
            always = strengths.start_percent <= 0.0 and strengths.end_percent >= 1.0
            if strengths.effect != 0.0 and (always or end <= float(options["sigmas"].max()) <= start):
                active.append((patcher.model, strengths))
        return active


def sigma_ranges(model_sampling: Any, strengths: tuple[Strengths, ...]) -> list[tuple[float, float]]:
    """(highest, lowest) sigma at which each motion model acts."""
    return [
        (model_sampling.percent_to_sigma(item.start_percent), model_sampling.percent_to_sigma(item.end_percent))
        for item in strengths
    ]


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
