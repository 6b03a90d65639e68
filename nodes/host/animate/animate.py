"""Attach a motion model to an image model."""

import logging
from collections.abc import Sequence

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP

from ..notices import notice
from ..options import ATTACHED, COMPANIONS, MOTION
from ..patching import set_wrappers
from ..sampling import set_beta_schedule
from ..temporal import (
    HANDLER,
    PATCH,
    Anchors,
    Attached,
    Companion,
    LoadedMotion,
    MotionWrapper,
    Strengths,
    anchors_of,
    check_fit,
    companion_patchers,
    pool_output,
)
from .checks import Checked


def animate_model(
    model: ModelPatcher,
    motion: LoadedMotion,
    strengths: Strengths,
    beta_schedule: str,
    companions: Sequence[Companion] = (),
    tell: str | None = None,
) -> ModelPatcher:
    """A clone of the model that samples clips; the given model stays as it is.

    Args:
        beta_schedule: a schedule name, "auto" for the one the motion module was trained with, or "use existing".
        companions: act on this motion module, besides those that came with it, and on no other one of the chain.
        tell: something to say besides, because a node shows only its latest text.

    Raises:
        AnimateError: the motion module was made for another base model, or has no picture to animate.
        ValueError: a companion was made for another motion module.
    """
    unet = model.get_model_object("diffusion_model")
    check_fit(unet, motion)
    told = [*([tell] if tell else []), *check_companions(motion, companions)]
    animated = model.clone()
    before: tuple[Attached, ...] = model.get_attachment(ATTACHED) or ()
    # without those that do nothing, so that nothing is what they cost
    acting = tuple(mate for mate in (*companions, *motion.companions) if not mate.never)
    chain = (*before, Attached(motion, strengths, acting))
    animated.set_attachments(ATTACHED, chain)
    attach_weights(animated, model, before, chain)
    patch(animated)
    wrap(animated, chain, anchors_of(unet))
    format = motion.model.format
    name = format.beta_schedule if beta_schedule == "auto" else beta_schedule
    first = before[0].motion if before and beta_schedule == "auto" else None
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


def check_companions(motion: LoadedMotion, companions: Sequence[Companion]) -> list[str]:
    """What to say of companions that fit a motion module in part, once for each of their files.

    Raises:
        ValueError: one does not fit.
    """
    return list(dict.fromkeys(text for mate in companions for text in mate.check_motion(motion)))


def attach_weights(
    animated: ModelPatcher, model: ModelPatcher, before: Sequence[Attached], chain: Sequence[Attached]
) -> None:
    """Let the host load the newest motion model of a chain and what accompanies it with the image model.

    Args:
        model: what ``animated`` is a clone of; its patchers are kept, where a clone has clones.
    """
    models = model.get_additional_models_with_key(MOTION)
    animated.set_additional_models(MOTION, [*models, chain[-1].motion.loaded.patcher])
    known, patchers = companion_patchers(before), companion_patchers(chain)
    if patchers:
        there = model.get_additional_models_with_key(COMPANIONS)
        animated.set_additional_models(COMPANIONS, [*there, *patchers[len(known) :]])


def patch(animated: ModelPatcher) -> None:
    """Let the host call us for the layers of the UNet that motion models follow."""
    handlers = animated.model_options["transformer_options"].setdefault("patches", {}).setdefault(PATCH, [])
    if not any(handler is HANDLER for _, handler in handlers):
        # first in line: the host calls one handler a layer, and this one calls the others
        handlers.insert(0, ((ResBlock, SpatialTransformer), HANDLER))


def wrap(animated: ModelPatcher, chain: Sequence[Attached], anchors: Anchors) -> None:
    """Check each clip before it is sampled, and tell every call of the model what acts on it."""
    wrappers = {WrappersMP.OUTER_SAMPLE: Checked(chain), WrappersMP.APPLY_MODEL: MotionWrapper(chain, anchors)}
    if any(each.motion.model.format.pool_resnets for each in chain):
        wrappers[WrappersMP.DIFFUSION_MODEL] = pool_output
    set_wrappers(animated, MOTION, wrappers)
