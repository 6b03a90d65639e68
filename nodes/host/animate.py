"""Attach a motion model to an image model."""

import logging
from collections.abc import Sequence
from typing import Any

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock, UNetModel, VideoResBlock
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP

from ...motion.sites import Block
from .checks import Attached, Checked
from .loader import LoadedMotion
from .lora import LoadedLora, MotionLora, check_loras
from .notices import notice
from .pictures import NODES
from .runtime import (
    HANDLER,
    KEY,
    LORAS,
    PATCH,
    PICTURE_PATCH,
    Anchors,
    Motion,
    MotionWrapper,
    Strengths,
    enter_pictures,
    motion_patchers,
    pool_output,
)
from .schedule import set_beta_schedule

ATTACHMENT = "kinema.attached"


class AnimateError(ValueError):
    """A motion model and an image model do not fit each other."""


def animate(
    model: ModelPatcher,
    motion: LoadedMotion,
    strengths: Strengths,
    beta_schedule: str,
    loras: Sequence[MotionLora] = (),
    tell: str | None = None,
) -> ModelPatcher:
    """A clone of the model that samples clips; the given model stays as it is.

    Args:
        beta_schedule: a schedule name, "auto" for the one the motion module was trained with, or "use existing".
        loras: act on this motion module and on no other one of the chain.
        tell: something to say besides, because a node shows only its latest text.

    Raises:
        AnimateError: the motion module was made for another base model, or has no picture to animate.
        LoraError: a MotionLoRA was made for another motion module.
    """
    unet = model.get_model_object("diffusion_model")
    check_fit(unet, motion)
    told = [*([tell] if tell else []), *check_loras(motion, loras)]
    animated = model.clone()
    before: tuple[Attached, ...] = model.get_attachment(ATTACHMENT) or ()
    # without those that do nothing, so that nothing is what they cost
    attached = (*before, (motion, strengths, tuple(lora for lora in loras if not lora.strength.is_zero)))
    animated.set_attachments(ATTACHMENT, attached)
    animated.set_additional_models(KEY, [*motion_patchers(model), motion.patcher])
    known, weights = lora_weights(before), lora_weights(attached)
    if weights:
        patchers = [*model.get_additional_models_with_key(LORAS), *(new.patcher for new in weights[len(known) :])]
        animated.set_additional_models(LORAS, patchers)
    patches = animated.model_options["transformer_options"].setdefault("patches", {})
    handlers = patches.setdefault(PATCH, [])
    if not any(handler is HANDLER for _, handler in handlers):
        # first in line: the host calls one handler a layer, and this one calls the others
        handlers.insert(0, ((ResBlock, SpatialTransformer), HANDLER))
    if motion.picture is not None and enter_pictures not in patches.setdefault(PICTURE_PATCH, []):
        patches[PICTURE_PATCH].append(enter_pictures)
    wrapper = MotionWrapper(
        tuple(
            Motion(item, loaded.rows, tuple((weights.index(lora.loaded), lora) for lora in own), loaded.picture)
            for loaded, item, own in attached
        ),
        anchors(unet),
    )
    wrappers: dict[str, Any] = {WrappersMP.OUTER_SAMPLE: Checked(attached), WrappersMP.APPLY_MODEL: wrapper}
    if any(loaded.model.format.pool_resnets for loaded, _, _ in attached):
        wrappers[WrappersMP.DIFFUSION_MODEL] = pool_output
    for kind, wrapper in wrappers.items():
        animated.remove_wrappers_with_key(kind, KEY)
        animated.add_wrapper_with_key(kind, KEY, wrapper)
    format = motion.model.format
    name = format.beta_schedule if beta_schedule == "auto" else beta_schedule
    first = before[0][0] if before and beta_schedule == "auto" else None
    if name != "use existing" and first is None:
        set_beta_schedule(animated, name)
    level = logging.WARNING if told else logging.INFO
    if first is not None:
        told.append(f"{format.name}: the beta schedule stays as {first.file}, the first of the chain, was given it.")
    elif beta_schedule == "auto":
        told.append(f"{format.name}: beta schedule {name}. {format.advice}".strip())
    if told:
        notice("\n".join(told), level)
    return animated


def lora_weights(attached: Sequence[Attached]) -> list[LoadedLora]:
    """The MotionLoRA files of a chain, each once, in the order in which they came."""
    return list(dict.fromkeys(lora.loaded for _, _, loras in attached for lora in loras))


def anchors(unet: UNetModel) -> Anchors:
    """For each UNet block the layer temporal layers follow: its spatial transformer, else its ResBlock."""
    found: dict[Block, type] = {}
    blocks = [(("input", i), block) for i, block in enumerate(unet.input_blocks)]
    blocks += [(("middle", 0), unet.middle_block)] if unet.middle_block is not None else []
    blocks += [(("output", i), block) for i, block in enumerate(unet.output_blocks)]
    for name, layers in blocks:
        for kind in (SpatialTransformer, ResBlock):
            if any(isinstance(layer, kind) for layer in layers):
                found[name] = kind
                break
    return found


def check_fit(unet: Any, motion: LoadedMotion) -> None:
    """Refuse a UNet of another kind, or one whose blocks differ in number or width from the motion module's.

    A motion module that animates a picture is refused without one.
    """
    format = motion.model.format
    if format.picture and motion.picture is None:
        raise AnimateError(
            f"{motion.file} is {format.name}, which animates a picture, and there is none. Put {NODES[format.picture]} "
            "between Load Motion Module and Animate Model."
        )
    if not isinstance(unet, UNetModel) or any(isinstance(layer, VideoResBlock) for layer in unet.modules()):
        raise AnimateError(
            f"{motion.file} animates {format.base} models; this model is a {type(unet).__name__}, which has no place "
            f"for it. Load a {format.base} checkpoint."
        )
    widths = {
        block: layer.out_channels
        for side, blocks in (("input", unet.input_blocks), ("output", unet.output_blocks))
        for block, layers in (((side, i), layers) for i, layers in enumerate(blocks))
        for layer in layers
        if isinstance(layer, ResBlock)
    }
    levels = len(unet.output_blocks) // 3
    expected = {block: width for block, width in motion.model.channels.items() if block[0] != "middle"}
    if levels != format.levels or any(widths.get(block) != width for block, width in expected.items()):
        kind = {3: "SDXL", 4: "SD1.5"}.get(levels, "other")
        raise AnimateError(
            f"{motion.file} ({format.name}) is made for {format.base}, but the checkpoint is an {kind} model"
            + (" of other widths" if kind == format.base else "")
            + f". Load a {format.base} checkpoint, or a motion module made for {kind}."
        )
