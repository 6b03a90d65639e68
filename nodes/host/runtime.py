"""Temporal layers inside a running UNet.

Nothing is stored on the UNet or in this module. A wrapper around each model call puts one frozen record into a
copy of ``transformer_options``; the handler, a stateless patch the host calls for every ResBlock and spatial
transformer, finds the record there. Two samplings, clones or devices therefore never see each other.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ...motion.lora_layers import LoraModel
from ...motion.lowrank import Term, Terms
from ...motion.module import MotionModel
from ...motion.sites import Block
from ...motion.strengths import Varying
from .lora import MotionLora
from .norms import pooled_output, pooled_resblock

KEY = "kinema.motion"
LORAS = "kinema.loras"
RANGES = "kinema.ranges"
MASKS = "kinema.masks"
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


class Timed(Protocol):
    """Something that acts during a part of the sampling."""

    @property
    def start_percent(self) -> float: ...  # noqa: D102

    @property
    def end_percent(self) -> float: ...  # noqa: D102


class Layer(NamedTuple):
    """One motion model and the MotionLoRAs that act on it in this call."""

    model: MotionModel
    strengths: Strengths
    loras: tuple[tuple[LoraModel, Varying], ...] = ()


@dataclass(frozen=True)
class Runtime:
    """Everything the handler needs during one model call."""

    frames: int
    anchors: Anchors
    layers: tuple[Layer, ...]
    pool_resnets: bool
    numbers: Sequence[int] = ()
    """Each frame's number in the whole clip."""
    masks: MutableMapping[Any, Tensor] = field(default_factory=dict)
    """Masks in the resolutions of the layers, kept while a sampling lasts."""
    last: list[Tensor] = field(default_factory=list)
    """Filled with the input of the UNet's output layer where that layer has to be pooled."""

    def run(self, block: Block, x: Tensor) -> Tensor:
        """Apply every motion model that has temporal layers at this block, the newest first."""
        for model, strengths, loras in reversed(self.layers):
            layer = model.at(block)
            if layer is not None:
                terms = self._terms(loras, block, x)
                x = layer(x, self.frames, strengths.scale, strengths.effect, model.format.pool_motion, terms)
        return x

    def _terms(self, loras: tuple[tuple[LoraModel, Varying], ...], block: Block, x: Tensor) -> Terms:
        """What the MotionLoRAs add at a block."""
        terms: dict[str, list[Term]] = {}
        for model, strength in loras:
            beside = model.at(block)
            if beside:
                value = strength.over(self.numbers, (x.shape[2], x.shape[3]), x.device, self.masks)
                for leaf, layer in beside.items():
                    terms.setdefault(leaf, []).append(Term(layer, value))
        return terms


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
    loras: tuple[tuple[tuple[int, MotionLora], ...], ...]
    """For each motion model its MotionLoRAs, by number among the patchers attached under `LORAS`."""

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
        window = options.get("context_window")
        options[KEY] = Runtime(
            frames,
            self.anchors,
            layers,
            any(layer.model.format.pool_resnets for layer in layers),
            frame_numbers(frames, window),
            options.get(MASKS, {}),
        )
        options["ad_params"] = {
            "sub_idxs": None if window is None else list(window.index_list),
            "full_length": frames if window is None else window.total_frames,
            "context_length": frames if window is None else len(window.index_list),
        }
        return executor(x, t, c_concat, c_crossattn, control, options, **kwargs)

    @property
    def timed(self) -> tuple[Timed, ...]:
        """Everything that acts during a part of the sampling, in the order of its sigma ranges."""
        return (*self.strengths, *(lora for loras in self.loras for _, lora in loras))

    def _active(self, base: Any, options: dict[str, Any]) -> list[Layer]:
        # the patchers in use, not those captured at patching time: each device of a multi-GPU run has its own
        motions = base.current_patcher.get_additional_models_with_key(KEY)
        weights = base.current_patcher.get_additional_models_with_key(LORAS)
        ranges = options.get(RANGES) or sigma_ranges(base.model_sampling, self.timed)
        acts = [_acts(item, range, options) for item, range in zip(self.timed, ranges, strict=True)]
        lora_acts = iter(acts[len(self.strengths) :])
        active = []
        for patcher, strengths, loras, acting in zip(motions, self.strengths, self.loras, acts, strict=False):
            on = tuple((weights[n].model, lora.strength) for n, lora in loras if next(lora_acts))
            if strengths.effect != 0.0 and acting:
                active.append(Layer(patcher.model, strengths, on))
        return active


def _acts(item: Timed, range: tuple[float, float], options: Mapping[str, Any]) -> bool:
    always = item.start_percent <= 0.0 and item.end_percent >= 1.0
    return always or range[1] <= float(options["sigmas"].max()) <= range[0]


def frame_numbers(frames: int, window: Any) -> Sequence[int]:
    """Each frame's number in the whole clip, whatever context window is being sampled."""
    if window is None:
        return range(frames)
    anchor = getattr(window, "causal_anchor_index", None)
    front = [anchor] if anchor is not None and anchor >= 0 else []
    return [*front, *window.index_list]


def sigma_ranges(model_sampling: Any, items: Sequence[Timed]) -> list[tuple[float, float]]:
    """(highest, lowest) sigma at which each item acts."""
    return [
        (model_sampling.percent_to_sigma(item.start_percent), model_sampling.percent_to_sigma(item.end_percent))
        for item in items
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
