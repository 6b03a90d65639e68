"""Temporal layers inside a running UNet.

Nothing is stored on the UNet or in this module. A wrapper around each model call puts one frozen record into a
copy of ``transformer_options``; the handler, a stateless patch the host calls for every ResBlock and spatial
transformer, finds the record there. Two samplings, clones or devices therefore never see each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from comfy.model_patcher import ModelPatcher
from einops import repeat
from torch import Tensor

from ....motion.formats import Block
from ....motion.temporal import Mixing, MotionModel, View, placed_views
from ....motion.values import ALWAYS, ONE, Acts, MotionValue, Strength
from ....motion.windows import WindowOptions, is_needed, plan_windows
from ..options import COMPANIONS, LAST, MOTION, PREPARED, VIEWS
from ..sampling import Call, Moment, Now, timing_of
from .companion import Acting, Companion
from .motion import LoadedMotion
from .norms import pooled_output, pooled_resblock

PATCH = "forward_timestep_embed_patch"

LEVELS = 4
"""Resolutions of a UNet at most."""
Anchors = Mapping[Block, type]
"""UNet block to the layer class its temporal layers follow."""


@dataclass(frozen=True, eq=False)
class Strengths:
    """How strongly and when one motion model acts."""

    scale: MotionValue = ONE
    effect: Acts = ALWAYS


class Attached(NamedTuple):
    """One Animate Model of a chain: the motion module, how strongly it acts, and what accompanies it."""

    motion: LoadedMotion
    strengths: Strengths
    companions: tuple[Companion, ...] = ()


def companion_patchers(chain: Sequence[Attached]) -> list[ModelPatcher]:
    """The weights that the companions of a chain bring along, each once, in the order in which they came."""
    return list(dict.fromkeys(patcher for each in chain for mate in each.companions for patcher in mate.patchers))


class Layer(NamedTuple):
    """One motion model and what acts on it in this call; the values no longer vary from step to step."""

    model: MotionModel
    scale: MotionValue = ONE
    effect: MotionValue = ONE
    rows: Tensor | None = None
    """How its position tables are adjusted, see `motion.temporal.positions`."""
    acting: tuple[Acting, ...] = ()
    """What its companions do."""

    @property
    def values(self) -> Sequence[MotionValue]:
        """All that its temporal layers ask for in their resolutions."""
        return (self.scale, self.effect, *(value for acting in self.acting for value in acting.values))


@dataclass(frozen=True)
class Runtime:
    """Everything the handler needs during one model call."""

    call: Call
    anchors: Anchors
    layers: tuple[Layer, ...]
    pool_resnets: bool = False
    views: Sequence[View] = ()
    """Windows within which the motion models see frames together, empty for all of them."""
    masks: dict[Any, Tensor] = field(default_factory=dict)
    """Masks in the resolutions of the layers, kept while a sampling lasts."""
    strengths: dict[Any, Strength] = field(default_factory=dict)
    """Values at the frames of this call, by resolution."""
    last: list[Tensor] = field(default_factory=list)
    """Filled with the input of the UNet's output layer where that layer has to be pooled."""

    def run(self, block: Block, x: Tensor) -> Tensor:
        """Apply every motion model that has temporal layers at this block, the newest first."""
        for layer in reversed(self.layers):
            transformer = layer.model.at(block)
            if transformer is None:
                continue
            for acting in layer.acting:
                x = acting.added(block, x, layer.effect)
            mixing = Mixing(
                self.call.frames,
                self.strength(layer.scale, x),
                self.strength(layer.effect, x),
                layer.model.format.pool_motion,
                rows=layer.rows,
                views=self.views,
            )
            for acting in layer.acting:
                mixing = acting.mixed(mixing, block, x, self)
            x = transformer(x, mixing)
        return x

    def strength(self, value: MotionValue, x: Tensor) -> Strength:
        """A value at the frames and in the resolution of a layer's input."""
        if not value.varies:
            return value.number
        size = (x.shape[2], x.shape[3])
        if (value, size) not in self.strengths:
            _work_out(self, value, size, x.device)
        return self.strengths[value, size]

    def ready(self, values: Iterable[MotionValue], x: Tensor) -> None:
        """Work out what varies in the resolutions that a UNet halves its input to.

        In a compiled network nothing may ask for the numbers of frames, or it would be compiled anew for each window.
        """
        varying = [value for value in values if value.varies]
        size = (x.shape[2], x.shape[3])
        for _ in range(LEVELS if varying else 0):
            for value in varying:
                _work_out(self, value, size, x.device)
            size = (-(-size[0] // 2), -(-size[1] // 2))


# reached in a compiled network only where another node has resized its layers
@torch.compiler.disable()
def _work_out(runtime: Runtime, value: MotionValue, size: tuple[int, int], device: torch.device) -> None:
    call = runtime.call
    strength = value.over(call.numbers, size, device, runtime.masks)
    if isinstance(strength, Tensor) and strength.shape[0] > call.frames:
        # several windows, repeated for each conditioning
        strength = repeat(strength, "(w f) p -> (c w) f p", f=call.frames, c=call.conditionings)
    runtime.strengths[value, size] = strength


class MotionHandler:
    """Run a UNet layer as the host would, then the temporal layers that follow it.

    A compiled network has all of it in its graph, which asks for what the compiler understands: no ``max`` of a
    generator, and of the numbers of frames nothing at all.
    """

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
        runtime: Runtime | None = options.get(MOTION)
        is_transformer = isinstance(layer, SpatialTransformer)
        other = other_handler(self, layer, options)
        if other is not None:
            x = other(layer, x, emb, context, options, *rest)
        elif is_transformer:
            x = layer(x, context, options)
            options["transformer_index"] = options.get("transformer_index", 0) + 1
        elif runtime is not None and runtime.pool_resnets:
            x = pooled_resblock(layer, x, emb, runtime.call.frames)
        else:
            x = layer(x, emb)
        if runtime is None:
            return x
        block = options["block"]
        if runtime.anchors.get(block) is (SpatialTransformer if is_transformer else ResBlock):
            x = runtime.run(block, x)
            if block == last_block(runtime.anchors):
                # whoever pools the output layer's norm needs what goes into it
                if runtime.pool_resnets:
                    runtime.last.append(x)
                if LAST in options:
                    options[LAST].append(x)
        return x


def last_block(anchors: Anchors) -> Block:
    """The block before the UNet's output layer."""
    return max([key for key in anchors if key[0] == "output"])


def other_handler(own: Any, layer: Any, options: dict[str, Any]) -> Any:
    """The patch another pack registered for a layer: the host itself would call only one of the two."""
    for types, handler in options["patches"][PATCH]:
        if handler is not own and isinstance(layer, types):
            return handler
    return None


HANDLER = MotionHandler()


class MotionWrapper:
    """Publishes the runtime record for each call of the model (host wrapper ``APPLY_MODEL``)."""

    def __init__(self, chain: Sequence[Attached], anchors: Anchors) -> None:
        """Remember a chain, and which of the attached weights belong to which companion."""
        numbers = {patcher: number for number, patcher in enumerate(companion_patchers(chain))}
        self._chain = [
            (each, [(mate, [numbers[patcher] for patcher in mate.patchers]) for mate in each.companions])
            for each in chain
        ]
        self._anchors = anchors

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
        call = Call.of(options, x.shape[0])
        now = Now(timing_of(options, executor.class_obj.model_sampling), lambda: float(options["sigmas"].max()))
        prepared = options.get(PREPARED, {})
        moment = Moment(call, now, executor.class_obj, x, prepared, options["cond_or_uncond"])
        layers = tuple(self._layers(moment))
        options[MOTION] = Runtime(
            call,
            self._anchors,
            layers,
            # as the incumbent does, the oldest decides
            bool(layers) and layers[0].model.format.pool_resnets,
            views_now(now, call.frames, options.get(VIEWS), x.device),
            now.timing.masks,
        )
        options["ad_params"] = call.ad_params
        options[MOTION].ready((value for layer in layers for value in layer.values), x)
        for layer in layers:
            for acting in layer.acting:
                acting.into(options)
        return executor(x, t, c_concat, c_crossattn, control, options, **kwargs)

    def _layers(self, moment: Moment) -> Iterator[Layer]:
        # the patchers in use, not those captured at patching time: each device of a multi-GPU run has its own
        in_use = moment.base.current_patcher
        models = in_use.get_additional_models_with_key(MOTION)
        weights = in_use.get_additional_models_with_key(COMPANIONS)
        for patcher, (attached, mates) in zip(models, self._chain, strict=True):
            effect = moment.now.strength(attached.strengths.effect)
            if effect.is_zero:
                continue
            answers = (
                mate.at(moment, patcher.model, [weights[number].model for number in numbers]) for mate, numbers in mates
            )
            yield Layer(
                patcher.model,
                moment.now.value(attached.strengths.scale),
                effect,
                _rows(attached.motion, moment),
                tuple(acting for acting in answers if acting is not None),
            )


def _rows(motion: LoadedMotion, moment: Moment) -> Tensor | None:
    """How the position tables of a motion module are adjusted, brought to the device once a sampling."""
    if motion.rows is None:
        return None
    kept, key = moment.now.timing.kept, (MOTION, id(motion.rows), moment.x.device)
    if key not in kept:
        kept[key] = motion.rows.to(moment.x.device)
    return kept[key]


def views_now(now: Now, frames: int, options: WindowOptions | None, device: torch.device) -> Sequence[View]:
    """The windows within which motion models see frames together, none if they see all of them."""
    if options is None or not is_needed(frames, options):
        return ()
    return placed_views(plan_windows(frames, now.step if options.moves else 0, options), device)


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
    runtime: Runtime | None = (transformer_options or {}).get(MOTION)
    if runtime is None or not runtime.last:
        return result
    return pooled_output(executor.class_obj.out, runtime.last.pop().type(x.dtype), runtime.call.frames)
