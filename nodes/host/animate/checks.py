"""Looks at a clip once, before anything of it is sampled."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ....motion.windows import WindowOptions
from ..control import check_controls, controls_of
from ..notices import notice
from ..options import PREPARED, TOLD, VIEWS
from ..sampling import start_timing
from ..temporal import Attached, Clip, LoadedMotion
from .beside import double_motion, idle_context

FEWEST_FRAMES = 8
"""Below this a motion module has little to work with; what comes out is grainy."""

UNCONDITIONAL = ("negative", "uncond")
"""In the names of conditionings that a guider moves away from."""


class ClipError(ValueError):
    """A clip does not fit the motion models it is sampled with."""


class Checked:
    """Checks the clip and starts the timing of its sampling (host wrapper ``OUTER_SAMPLE``)."""

    def __init__(self, chain: Sequence[Attached]) -> None:
        self.chain = chain

    def __call__(
        self, executor: Any, noise: Tensor, latent_image: Tensor, sampler: Any, sigmas: Tensor, *rest: Any, **more: Any
    ) -> Tensor:
        """Same signature as the host's ``CFGGuider.outer_sample``."""
        guider = executor.class_obj
        check_latent(noise.shape)
        frames = noise.shape[0]
        motions = [each.motion for each in self.chain]
        options = guider.model_options["transformer_options"]
        context = guider.model_options.get("context_handler")
        check_context(context, noise.shape)
        at_once = frames_at_once(frames, context, options.get(VIEWS))
        idle = idle_context(guider.model_patcher, frames) if context is None else None
        check_frames(at_once, motions, idle)
        told = [double_motion(guider.model_patcher), idle]
        told += [few_frames(frames, motions), *short_values(frames, self.chain), *other_clips(frames, guider.conds)]
        unet = guider.model_patcher.get_model_object("diffusion_model")
        in_windows = frames_at_once(frames, context) < frames
        told += check_controls(controls_of(guider.conds), unet, noise.shape, at_once, in_windows)
        clip = Clip(frames, noise.shape[-2], noise.shape[-1], options, conditional(guider.conds))
        mates = [mate for each in self.chain for mate in each.companions]
        told += dict.fromkeys(text for mate in mates for text in mate.check_clip(clip))
        if any(told) and TOLD not in options:
            # one text, because a node shows only its latest; and once, also where FreeInit samples several times
            notice("\n".join(text for text in told if text))
            options[TOLD] = True
        prepared = options.setdefault(PREPARED, {})
        # once, also where FreeInit samples several times
        prepared |= {mate: mate.prepare(clip, guider.model_patcher) for mate in mates if mate not in prepared}
        start_timing(guider, sigmas)
        return executor(noise, latent_image, sampler, sigmas, *rest, **more)


def check_latent(shape: Sequence[int]) -> None:
    """Stop on a latent that has its frames elsewhere than a batch of pictures.

    Raises:
        ClipError: it is one of a video model.
    """
    if len(shape) != 4:
        raise ClipError(
            f"This latent has the shape {list(shape)}, as video models have it; a clip of an image model is a batch of "
            "pictures. Connect Empty Latent Image, with the number of frames as batch_size."
        )


def check_context(context: Any, shape: Sequence[int]) -> None:
    """Stop on windows of the host that cut something else than the frames of a clip.

    Args:
        shape: (frames, channels, height, width) of the latent.

    Raises:
        ClipError: they do.
    """
    cut = getattr(context, "dim", 0)
    if cut != 0 and not (cut < len(shape) and shape[cut] <= getattr(context, "context_length", 0)):
        raise ClipError(
            f"Context windows on this model cut dimension {cut} of the latent, and the frames of a clip are "
            "dimension 0. Set dim of Context Windows (Manual) to 0, or use Sliding Context instead."
        )


def conditional(conds: Mapping[str, Sequence[Mapping[str, Any]]]) -> frozenset[Any]:
    """The ``uuid`` of every conditioning of a guider that is no negative one.

    Guiders number their conditionings as they like, so that the host's ``cond_or_uncond`` says which is which for one
    positive and one negative alone.

    Args:
        conds: by the name that the guider gives them: "positive", "negative", "middle", "empty_negative_prompt", ...
    """
    return frozenset(
        cond["uuid"]
        for name, group in conds.items()
        if not any(word in name for word in UNCONDITIONAL)
        for cond in group
        if "uuid" in cond
    )


def frames_at_once(frames: int, context: Any, views: WindowOptions | None = None) -> int:
    """How many frames of a clip motion layers see together at most."""
    at_once = frames
    # a handler of another pack need not have a length
    length = getattr(context, "context_length", frames)
    if frames > length:
        # the host's causal fix puts one more frame in front of every window but the first
        at_once = length + bool(getattr(context, "causal_window_fix", False))
    return at_once if views is None else min(at_once, views.length)


def check_frames(at_once: int, motions: Sequence[LoadedMotion], idle: str | None = None) -> None:
    """Stop on clips the position tables cannot number.

    Args:
        idle: what to do in place of windows that another pack was asked for.

    Raises:
        ClipError: more frames come at once than a motion model has positions.
    """
    for loaded in motions:
        limit = loaded.max_frames
        length = min(limit, loaded.trained_frames)
        if at_once > limit:
            remedy = idle or (
                f"Lower the batch size of the latent to {limit} or less, or put a Sliding Context node with "
                f"context_length {length} before the sampler."
            )
            raise ClipError(
                f"{loaded.file} ({loaded.model.format.name}) can number at most {limit} frames at once, but "
                f"{at_once} were asked for. {remedy}"
            )


def few_frames(frames: int, motions: Sequence[LoadedMotion]) -> str | None:
    """What to say of very short clips."""
    if frames >= FEWEST_FRAMES:
        return None
    what = "1 frame is a picture, not a clip" if frames == 1 else f"{frames} frames are very few"
    trained = max(loaded.trained_frames for loaded in motions)
    return (
        f"{what}: this motion module is trained on {trained} and gives noisy pictures below {FEWEST_FRAMES}. "
        f"Set the batch size of the empty latent to {trained}."
    )


def short_values(frames: int, chain: Sequence[Attached]) -> list[str]:
    """What to say of lists and masks with fewer entries than the clip has frames."""
    told = []
    for each in chain:
        told += each.strengths.scale.told_short("motion_scale", frames)
        told += each.strengths.effect.told_short("effect_strength", frames)
    return list(dict.fromkeys(told))


def other_clips(frames: int, conds: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """What to say of prompts that were written for a clip of another length."""
    texts = [cond.get("cross_attn") for each in conds.values() for cond in each]
    counts = {text.shape[0] for text in texts if text is not None} - {1, frames}
    return [
        f"The prompts are for {count} frames, but the clip has {frames}. Set frames of Prompt Travel to {frames}."
        for count in sorted(counts)
    ]
