"""Pictures that are put into a clip while it is sampled.

A clip at noise level s is x = x0 + s * noise. Putting a picture z in means x' = x + a * (z - x0) with the latest
prediction x0: what was predicted becomes the picture and the noise stays. The sampler keeps its own x all the time; the
model sees x + offset and its prediction goes back without the offset, which every sampler passes on unchanged: a step
is a weighted mean of x and predictions, plus noise. So samplers keep their history, and no sampling is cut in two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import EPS
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ..options import INJECTION
from ..patching import wrapped
from .latents import PictureError, PictureOverTime
from .timing import ROUNDING, Timing, timing_of


@dataclass(frozen=True, eq=False)
class Injection:
    """A picture and the part of the sampling at which it is put in."""

    picture: PictureOverTime
    start_percent: float
    steps: int = 1
    """At how many steps from then on."""


class Injecting:
    """What has been put in so far in one sampling."""

    def __init__(
        self, pictures: list[tuple[Injection, Tensor]], timing: Timing, x0: Tensor, mask: Tensor | None
    ) -> None:
        """Begin a sampling.

        Args:
            pictures: each with its latents in the model's scale.
            x0: what the clip is before anything is predicted.
            mask: where the clip is sampled at all.
        """
        self.offset: Tensor | None = None
        self._pictures, self._timing, self._x0, self._mask = pictures, timing, x0, mask
        self._done: list[set[int]] = [set() for _ in pictures]

    def predict(self, executor: Any, x: Tensor, sigma: Tensor, *rest: Any) -> Tensor:
        """A prediction of the model at the sampler's x, after what is due has been put in."""
        level = float(sigma.max())
        for (injection, latents), done in zip(self._pictures, self._done, strict=True):
            step = self._timing.step(level)
            due = level <= self._timing.sigma(injection.start_percent) * (1.0 + ROUNDING)
            if due and step not in done and len(done) < injection.steps:
                done.add(step)
                self._put_in(injection.picture, latents, level)
        if self.offset is None:
            self._x0 = executor(x, sigma, *rest)
            return self._x0
        self._x0 = executor(x + self.offset, sigma, *rest)
        return self._x0 - self.offset

    def _put_in(self, picture: PictureOverTime, latents: Tensor, level: float) -> None:
        change = picture.share(self._x0, self._timing.value(picture.strength, level)) * (latents - self._x0)
        if self._mask is not None:
            change = change * self._mask
        self._x0 = self._x0 + change
        self.offset = change if self.offset is None else self.offset + change

    def seen(self, callback: Callable[..., None]) -> Callable[..., None]:
        """A callback that gets to see the clip instead of the sampler's x."""

        def shown(step: int, x0: Tensor, x: Tensor, total_steps: int) -> None:
            offset = 0.0 if self.offset is None else self.offset
            callback(step, x0 + offset, x + offset, total_steps)

        return shown


@dataclass(frozen=True)
class Sampled:
    """Begins and ends the injections of a sampling (host wrapper ``SAMPLER_SAMPLE``)."""

    injections: tuple[Injection, ...]

    def __call__(
        self,
        executor: Any,
        guider: Any,
        sigmas: Tensor,
        extra_args: dict[str, Any],
        callback: Callable[..., None],
        noise: Tensor,
        latent_image: Tensor | None = None,
        denoise_mask: Tensor | None = None,
        *rest: Any,
    ) -> Tensor:
        """Same signature as the host's ``Sampler.sample``."""
        base = guider.inner_model
        if not isinstance(base.model_sampling, EPS):
            raise PictureError(
                "Inject Picture needs a model that predicts noise or v, such as SD1.5 and SDXL; this one samples with "
                f"{type(base.model_sampling).__name__}. Take it out."
            )
        before = torch.zeros_like(noise) if latent_image is None else latent_image
        pictures = [(injection, injection.picture.of_model(base, noise)) for injection in self.injections]
        options = extra_args["model_options"]["transformer_options"]
        injecting = Injecting(pictures, timing_of(options, base.model_sampling), before, denoise_mask)
        options[INJECTION] = injecting
        shown = injecting.seen(callback) if callback is not None else None
        result = executor(guider, sigmas, extra_args, shown, noise, latent_image, denoise_mask, *rest)
        return result if injecting.offset is None else result + injecting.offset


def predicted(
    executor: Any, x: Tensor, timestep: Tensor, model_options: dict[str, Any], seed: int | None = None
) -> Tensor:
    """One prediction of the model (host wrapper ``PREDICT_NOISE``)."""
    injecting: Injecting | None = model_options["transformer_options"].get(INJECTION)
    if injecting is None:
        return executor(x, timestep, model_options, seed)
    return injecting.predict(executor, x, timestep, model_options, seed)


def inject(model: ModelPatcher, injection: Injection) -> ModelPatcher:
    """A clone of the model into whose clips a picture is put; the given model stays as it is."""
    before = next((known.injections for known in model.get_wrappers(WrappersMP.SAMPLER_SAMPLE, INJECTION)), ())
    wrappers = {WrappersMP.SAMPLER_SAMPLE: Sampled((*before, injection)), WrappersMP.PREDICT_NOISE: predicted}
    return wrapped(model, INJECTION, wrappers)
