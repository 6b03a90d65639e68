"""The noisy latents of a clip with the motion of Text2Video-Zero, by the host's sampler and the model's schedule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import comfy.model_management as management
import comfy.sample
import comfy.samplers
import comfy.utils
import latent_preview
import torch
from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import EPS, ModelSamplingDiscrete
from torch import Tensor

from ....motion.crossframe import CameraMotion, CrossFrameError, motion_steps, moved, noised
from ..images import is_finite
from ..options import CROSS_FRAME_TOLD, ONE_SHOT_TOLD, TOLD
from .inversion import falling_sigmas

SAMPLER = "euler"
"""The step of DDIM without added noise, in the form of the host's noise levels."""


@dataclass(frozen=True)
class MotionWay:
    """How the frames of a clip come to their noise."""

    frames: int
    motion: CameraMotion
    seed: int
    steps: int
    scheduler: str
    cfg: float
    t0: int
    """Timestep of the model at which frame 0 is copied and moved."""
    t1: int
    """Timestep at which the sampling of all frames begins."""
    positive: Any
    negative: Any


@dataclass(frozen=True)
class MotionLatents:
    """The frames of a clip at t1."""

    latents: Tensor
    """(frames, channels, height, width) as samplers of the host hand them on, with their noise."""
    sigmas: Tensor
    """The noise levels of the sampling that is left, falling to 0."""
    start: int
    """The step that the sampling goes on with."""
    timesteps: tuple[int, int]
    """t0 and t1 as they are among the steps."""


def motion_latents(model: ModelPatcher, latents: Mapping[str, Any], way: MotionWay) -> MotionLatents:
    """Sample frame 0 to t0, copy and move it there, and bring the copies back to t1.

    Args:
        latents: of the host; the size of a frame, and usually all zero. Only the first of a batch counts.

    Raises:
        CrossFrameError: the model, the latents or the steps are not of a kind that this can be done with.
    """
    sampling = model.get_model_object("model_sampling")
    if not isinstance(sampling, EPS) or not isinstance(sampling, ModelSamplingDiscrete):
        raise CrossFrameError(
            "Latent Motion needs a model with timesteps that predicts noise or v, such as SD1.5 and SDXL; this one "
            f"samples with {type(sampling).__name__}."
        )
    sigmas = falling_sigmas(sampling, way.scheduler, way.steps, CrossFrameError)
    timesteps = [int(each) for each in sampling.timestep(sigmas[:-1]).tolist()]
    steps = motion_steps(timesteps, way.t0, way.t1)
    start = _frame_latents(model, latents)
    noise = comfy.sample.prepare_noise(start, way.seed)
    high, low = _sampled(model, way, start, noise, sigmas[: steps.moved + 1], steps.start)
    generator = torch.Generator().manual_seed(way.seed)
    torch.randn(noise.shape, generator=generator)  # the noise of frame 0 again
    fresh = torch.randn((way.frames - 1, *noise.shape[1:]), generator=generator)
    others = moved(low.expand(way.frames, -1, -1, -1), way.motion)[1:]
    others = noised(others, float(sigmas[steps.moved]), float(sigmas[steps.start]), fresh)
    base: Any = model.model
    found = base.process_latent_out(torch.cat([high, others]))
    if not is_finite(found):
        raise CrossFrameError(
            "Sampling frame 0 gave NaN or infinite values. Lower cfg, or start ComfyUI with --force-fp32."
        )
    found = found.to(management.intermediate_device(), management.intermediate_dtype())
    return MotionLatents(found, sigmas[steps.start :], steps.start, (timesteps[steps.moved], timesteps[steps.start]))


def _sampled(
    model: ModelPatcher, way: MotionWay, start: Tensor, noise: Tensor, sigmas: Tensor, at: int
) -> tuple[Tensor, Tensor]:
    """Frame 0 at one of the steps and at the last noise level, in the model's own scale, in main memory."""
    seen: dict[int, Tensor] = {}
    total = len(sigmas) - 1
    preview = latent_preview.prepare_callback(model, total)

    def watch(step: int, x0: Tensor, x: Tensor, total_steps: int) -> None:
        if step % total == at:
            seen[at] = x.detach().float().cpu().clone()
        preview(step, x0, x, total_steps)

    last = _run(_for_one_frame(model), way, start, noise, sigmas, watch)
    base: Any = model.model
    low = base.process_latent_in(last.float().cpu())
    return seen[at] if seen else low, low


def _run(
    model: ModelPatcher, way: MotionWay, start: Tensor, noise: Tensor, sigmas: Tensor, watch: Callable[..., None]
) -> Tensor:
    return comfy.sample.sample_custom(
        model,
        noise,
        way.cfg,
        comfy.samplers.sampler_object(SAMPLER),
        sigmas,
        way.positive,
        way.negative,
        start,
        callback=watch,
        disable_pbar=not comfy.utils.PROGRESS_BAR_ENABLED,
        seed=way.seed,
    )


def _for_one_frame(model: ModelPatcher) -> ModelPatcher:
    """A clone that samples the first frame alone: without windows, and saying nothing of so short a clip."""
    clone = model.clone()
    clone.model_options.pop("context_handler", None)
    clone.model_options["transformer_options"] |= dict.fromkeys((TOLD, ONE_SHOT_TOLD, CROSS_FRAME_TOLD), True)
    return clone


def _frame_latents(model: ModelPatcher, latents: Mapping[str, Any]) -> Tensor:
    """The latents of one frame before anything is added.

    Raises:
        CrossFrameError: they are of another model, empty, not finite, or to be sampled in part.
    """
    clip = latents["samples"]
    if getattr(clip, "is_nested", False) or clip.ndim != 4:
        raise CrossFrameError("This latent is not one of pictures. Connect Empty Latent Image.")
    if 0 in clip.shape:
        raise CrossFrameError("The latent is empty. Connect Empty Latent Image.")
    if not is_finite(clip):
        raise CrossFrameError("The latent holds NaN or infinite values. Connect Empty Latent Image.")
    if "noise_mask" in latents:
        raise CrossFrameError(
            "Latent Motion makes whole frames, and this latent has a noise mask. Take Set Latent Noise Mask out."
        )
    scale = (latents.get("downscale_ratio_spacial"), latents.get("downscale_ratio_temporal"))
    frame = comfy.sample.fix_empty_latent_channels(model, clip[:1], *scale)
    wanted = model.get_model_object("latent_format").latent_channels
    if frame.ndim != 4 or frame.shape[1] != wanted:
        raise CrossFrameError(
            f"The latent has {clip.shape[1]} channels, but this model takes {wanted}: it is one of another kind of "
            "model. Connect Empty Latent Image."
        )
    return frame


def told_motion(way: MotionWay, found: MotionLatents) -> str:
    """A few lines on the motion of a clip, and how to go on."""
    low, high = found.timesteps
    total = found.start + len(found.sigmas) - 1
    lines = [
        f"{way.frames} frames; the camera moves by {way.motion.dx:g}, {way.motion.dy:g} pixels of 512 from one to the "
        "next.",
        f"Frame 0 was moved at timestep {low} (t0); all frames are at timestep {high} (t1).",
        f"Sample with noise switched off from step {found.start} on: KSampler (Advanced) with start_at_step "
        f"{found.start}, {way.steps} steps, {way.scheduler}, cfg {way.cfg:g}.",
    ]
    if total != way.steps:
        lines.append(f"{way.scheduler} makes {total} steps of {way.steps}.")
    return "\n".join(lines)
