"""Noise of a clip, a picture in it, and FreeInit inside whatever sampler node runs the model."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import EPS
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ....motion.sampling import ClipNoise, FreeInitError, FreeInitOptions, NoiseError, low_pass, reinitialized
from ..options import NOISE
from ..patching import wrapped
from .latents import PictureOverTime


@dataclass(frozen=True)
class Noised:
    """Replaces the noise of a sampling and samples again where FreeInit asks for it (host wrapper ``OUTER_SAMPLE``).

    One wrapper does both, because the noise FreeInit makes must not be replaced again.
    """

    clip: ClipNoise = field(default_factory=ClipNoise)
    freeinit: FreeInitOptions = field(default_factory=lambda: FreeInitOptions(iterations=1))
    start: PictureOverTime | None = None
    """A picture whose latent takes the place of a part of the noise."""

    def __call__(
        self,
        executor: Any,
        noise: Tensor,
        latent_image: Tensor,
        sampler: Any,
        sigmas: Tensor,
        denoise_mask: Tensor | None = None,
        callback: Callable[..., None] | None = None,
        disable_pbar: bool = False,
        seed: int | None = None,
        **more: Any,
    ) -> Tensor:
        """Same signature as the host's ``CFGGuider.outer_sample``."""

        def sample(noise: Tensor, callback: Callable[..., None] | None) -> Tensor:
            arguments = (latent_image, sampler, sigmas, denoise_mask, callback, disable_pbar, seed)
            return executor(noise, *arguments, **more)

        if not noise.any() or len(sigmas) < 2:
            # adding noise is switched off, or nothing is sampled
            return sample(noise, callback)
        check_clip(noise)

        def made(shift: int = 0) -> Tensor:
            drawn = self.clip.made(noise.shape, seed or 0, shift, None if shift else noise).to(noise)
            return drawn if self.start is None else self.start.over(drawn, executor.class_obj.model_patcher.model)

        if self.freeinit.iterations == 1:
            return sample(made(), callback)
        return self._iterated(executor.class_obj, made, sample, bool(sigmas[-1] > 0), callback)

    def _iterated(
        self,
        guider: Any,
        made: Callable[[int], Tensor],
        sample: Callable[[Tensor, Callable[..., None] | None], Tensor],
        stops_early: bool,
        callback: Callable[..., None] | None,
    ) -> Tensor:
        sigma = last_sigma(guider.model_patcher)
        options, conds = self.freeinit, guider.conds
        initial = noise = made(0)
        filter = low_pass(initial.shape, options).to(initial.device)
        result = initial
        for iteration in range(options.iterations):
            # a sampling fills in and extends its conditioning, and changes noise in place
            guider.conds = {name: [dict(cond) for cond in group] for name, group in conds.items()}
            progress = Progress(callback, iteration, options.iterations)
            result = sample(noise.clone(), progress)
            if iteration + 1 < options.iterations:
                # a sampling that ends before its last step leaves noise in the result, but not in its prediction
                x0 = progress.x0 if stops_early else guider.model_patcher.model.process_latent_in(result)
                fresh = made((iteration + 1) * options.seed_step)
                noise = reinitialized(x0.to(initial), initial, fresh, sigma, filter)
        return result


class Progress:
    """The callback of one of several samplings: counts the steps of all of them and keeps the latest prediction."""

    def __init__(self, callback: Callable[..., None] | None, iteration: int, iterations: int) -> None:
        self.x0: Any = None
        self._callback, self._iteration, self._iterations = callback, iteration, iterations

    def __call__(self, step: int, x0: Any, x: Any, total_steps: int) -> None:
        """Called by the host after each step."""
        self.x0 = x0
        if self._callback is not None:
            # adaptive samplers count on past the steps they were given
            step = self._iteration * total_steps + min(step, total_steps - 1)
            self._callback(step, x0, x, self._iterations * total_steps)


def set_clip_noise(model: ModelPatcher, clip: ClipNoise) -> ModelPatcher:
    """A clone of the model that samples with this noise; the given model stays as it is."""
    return _with(model, replace(_known(model), clip=clip))


def set_freeinit(model: ModelPatcher, freeinit: FreeInitOptions) -> ModelPatcher:
    """A clone of the model that samples with FreeInit; the given model stays as it is."""
    return _with(model, replace(_known(model), freeinit=freeinit))


def set_start(model: ModelPatcher, start: PictureOverTime) -> ModelPatcher:
    """A clone of the model that starts from a picture; the given model stays as it is."""
    return _with(model, replace(_known(model), start=start))


def _known(model: ModelPatcher) -> Noised:
    return next(iter(model.get_wrappers(WrappersMP.OUTER_SAMPLE, NOISE)), Noised())


def _with(model: ModelPatcher, noised: Noised) -> ModelPatcher:
    return wrapped(model, NOISE, {WrappersMP.OUTER_SAMPLE: noised})


def check_clip(noise: Tensor) -> None:
    """Stop where the noise is not that of a batch of pictures.

    Raises:
        NoiseError: it is that of a video model, which has its frames elsewhere.
    """
    if noise.ndim != 4:
        raise NoiseError(
            "Clip Noise and FreeInit take a batch of pictures as a clip (frames, channels, height, width), but this "
            f"latent has the shape {tuple(noise.shape)}. Use them with SD1.5 or SDXL, or take them out."
        )


def last_sigma(model: ModelPatcher) -> float:
    """The noise level of the model's last timestep.

    Raises:
        FreeInitError: the model is not of the kind that has noise added to its pictures.
    """
    sampling = model.get_model_object("model_sampling")
    if not isinstance(sampling, EPS):
        raise FreeInitError(
            f"FreeInit needs a model that predicts noise or v, such as SD1.5 and SDXL; this one samples with "
            f"{type(sampling).__name__}. Take FreeInit out."
        )
    return float(sampling.sigma_max)
