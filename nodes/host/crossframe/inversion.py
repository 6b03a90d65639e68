"""DDIM inversion on the host's samplers, so that whatever is on a model acts in it as in a sampling."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import comfy.sample
import comfy.samplers
import comfy.utils
import latent_preview
import torch
from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import EPS
from torch import Tensor

from ....motion.crossframe import OneShotError, ddim_inversion, relative_error
from ..images import is_finite

SCHEDULERS = tuple(comfy.samplers.SCHEDULER_NAMES)


@dataclass(frozen=True)
class Way:
    """How a clip becomes noise, and noise a clip again."""

    steps: int
    scheduler: str
    cfg: float
    positive: Any
    negative: Any


@dataclass(frozen=True)
class Inverted:
    """The noise of a clip."""

    latents: Tensor
    """Like those of the clip, at the highest noise level."""
    sigmas: Tensor
    """The noise levels of the sampling that leads back, falling."""
    strength: float
    """Of the noise, where 1 is that of random noise."""
    error: float | None = None
    """How far the clip that a sampling gave is from the one that was inverted, if that was asked for."""


def invert(model: ModelPatcher, latents: Mapping[str, Any], way: Way, check: bool) -> Inverted:
    """Find the noise of a clip.

    Args:
        latents: of the host, a batch of frames.
        check: sample from the noise once more and compare.

    Raises:
        OneShotError: these are no latents of frames, or the model is of a kind that is sampled in another way.
    """
    clip = clip_latents(latents)
    sampling = model.get_model_object("model_sampling")
    if not isinstance(sampling, EPS):
        raise OneShotError(
            "DDIM Invert needs a model that predicts noise or v, such as SD1.5 and SDXL; this one samples with "
            f"{type(sampling).__name__}."
        )
    sigmas = falling_sigmas(sampling, way.scheduler, way.steps, OneShotError)
    found = _sampled(model, way, clip, sigmas.flip(0), comfy.samplers.KSAMPLER(ddim_inversion))
    if not is_finite(found):
        raise OneShotError(
            "The inversion gave NaN or infinite values. Lower cfg to 1, or start ComfyUI with --force-fp32."
        )
    strength = float(model.model.process_latent_in(found.float()).std() / sigmas[0])
    if not check:
        return Inverted(found, sigmas, strength)
    back = _sampled(model, way, found, sigmas, comfy.samplers.sampler_object("euler"))
    return Inverted(found, sigmas, strength, relative_error(back, clip.to(back.device)))


def falling_sigmas(sampling: Any, scheduler: str, steps: int, error: type[ValueError]) -> Tensor:
    """The noise levels of a sampling, each lower than the one before and the last 0, in main memory.

    Args:
        sampling: the ``model_sampling`` of a model.
        error: what is raised where they are not so.
    """
    sigmas = comfy.samplers.calculate_sigmas(sampling, scheduler, steps).cpu()
    if sigmas[-1] != 0 or not (sigmas[:-1] > sigmas[1:]).all():
        raise error(
            f"With {steps} steps the scheduler {scheduler} has noise levels that do not fall to 0 step by step. Choose "
            "ddim_uniform, or other steps."
        )
    return sigmas


def clip_latents(latents: Mapping[str, Any]) -> Tensor:
    """The latents of a clip's frames.

    Raises:
        OneShotError: they are of a video model, empty, all zero or not finite.
    """
    clip = latents["samples"]
    if getattr(clip, "is_nested", False) or clip.ndim != 4:
        raise OneShotError("This latent is not one of pictures. Encode the frames with the VAE of the checkpoint.")
    if 0 in clip.shape:
        raise OneShotError("The latent is empty. Connect Encode Frames.")
    if not is_finite(clip):
        raise OneShotError("The latent holds NaN or infinite values. Encode the frames again.")
    if not clip.any():
        raise OneShotError(
            "There is no clip to invert: the latent is all zero, as that of Empty Latent Image. Connect Encode Frames."
        )
    return clip


def _sampled(model: ModelPatcher, way: Way, clip: Tensor, sigmas: Tensor, sampler: Any) -> Tensor:
    """What a sampler makes of latents to which no noise is added."""
    return comfy.sample.sample_custom(
        model,
        torch.zeros_like(clip, device="cpu"),
        way.cfg,
        sampler,
        sigmas,
        way.positive,
        way.negative,
        clip,
        callback=latent_preview.prepare_callback(model, len(sigmas) - 1),
        disable_pbar=not comfy.utils.PROGRESS_BAR_ENABLED,
        seed=0,
    )


def told(way: Way, inverted: Inverted) -> str:
    """A few lines on an inversion."""
    frames, steps = len(inverted.latents), len(inverted.sigmas) - 1
    lines = [
        f"{frames} frames, {steps} steps of {way.scheduler}, cfg {way.cfg:g}.",
        f"Noise up to level {float(inverted.sigmas[0]):.2f}, {inverted.strength:.2f} times as strong as random noise.",
        "Sample with noise switched off, euler or ddim, and the same scheduler and steps.",
    ]
    if inverted.error is None:
        return "\n".join([*lines, "The way back was not checked."])
    return "\n".join([*lines, f"Sampled back with the same prompt the clip differs by {inverted.error:.2%}."])
