"""Attach a motion model to an image model."""

import logging
from collections.abc import Sequence
from typing import Any

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP

from ..camera.camera import LoadedCamera, camera_of, cameras
from ..notices import notice
from ..sampling.schedule import set_beta_schedule
from ..temporal.fit import anchors, check_fit
from ..temporal.lora import LoadedLora, MotionLora, check_loras
from ..temporal.motion import LoadedMotion
from ..temporal.runtime import (
    CAMERAS,
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
from .checks import Attached, Checked

ATTACHMENT = "kinema.attached"


def animate_model(
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
    attach_weights(animated, model, before, attached)
    patch(animated, attached)
    wrap(animated, attached, anchors(unet))
    format = motion.model.format
    name = format.beta_schedule if beta_schedule == "auto" else beta_schedule
    first = before[0][0] if before and beta_schedule == "auto" else None
    if name != "use existing" and first is None:
        set_beta_schedule(animated, name)
    level = logging.WARNING if told else logging.INFO
    if first is not None:
        told.append(f"{format.name}: the beta schedule stays as {first.file}, the first of the chain, was given it.")
    elif beta_schedule == "auto":
        told.append(f"{format.name}: beta schedule {name}.")
    if told:
        notice("\n".join(told), level)
    return animated


def attach_weights(
    animated: ModelPatcher, model: ModelPatcher, before: Sequence[Attached], attached: Sequence[Attached]
) -> None:
    """Let the host load the newest motion model of a chain, its MotionLoRAs and its camera with the image model.

    Args:
        model: what ``animated`` is a clone of; its patchers are kept, where a clone has clones.
    """
    animated.set_additional_models(KEY, [*motion_patchers(model), attached[-1][0].patcher])
    for key, files in ((LORAS, lora_files), (CAMERAS, camera_files)):
        known, found = files(before), files(attached)
        if found:
            patchers = [*model.get_additional_models_with_key(key), *(new.patcher for new in found[len(known) :])]
            animated.set_additional_models(key, patchers)


def lora_files(attached: Sequence[Attached]) -> list[LoadedLora]:
    """The MotionLoRA files of a chain, each once, in the order in which they came."""
    return list(dict.fromkeys(lora.loaded for _, _, loras in attached for lora in loras))


def camera_files(attached: Sequence[Attached]) -> list[LoadedCamera]:
    """The CameraCtrl files of a chain, likewise."""
    return cameras([loaded for loaded, _, _ in attached])


def patch(animated: ModelPatcher, attached: Sequence[Attached]) -> None:
    """Let the host call us for the layers of the UNet that motion models follow."""
    patches = animated.model_options["transformer_options"].setdefault("patches", {})
    handlers = patches.setdefault(PATCH, [])
    if not any(handler is HANDLER for _, handler in handlers):
        # first in line: the host calls one handler a layer, and this one calls the others
        handlers.insert(0, ((ResBlock, SpatialTransformer), HANDLER))
    has_picture = any(loaded.picture is not None for loaded, _, _ in attached)
    if has_picture and enter_pictures not in patches.setdefault(PICTURE_PATCH, []):
        patches[PICTURE_PATCH].append(enter_pictures)


def wrap(animated: ModelPatcher, attached: Sequence[Attached], anchors: Anchors) -> None:
    """Check each clip before it is sampled, and tell every call of the model what acts on it."""
    loras, files = lora_files(attached), camera_files(attached)
    motions = tuple(
        Motion(
            strengths,
            loaded.rows,
            tuple((loras.index(lora.loaded), lora) for lora in own),
            camera_of(loaded, files),
            loaded.picture,
        )
        for loaded, strengths, own in attached
    )
    wrappers: dict[str, Any] = {
        WrappersMP.OUTER_SAMPLE: Checked(attached),
        WrappersMP.APPLY_MODEL: MotionWrapper(motions, anchors),
    }
    if any(loaded.model.format.pool_resnets for loaded, _, _ in attached):
        wrappers[WrappersMP.DIFFUSION_MODEL] = pool_output
    for kind, wrapper in wrappers.items():
        animated.remove_wrappers_with_key(kind, KEY)
        animated.add_wrapper_with_key(kind, KEY, wrapper)
