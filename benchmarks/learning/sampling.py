"""Clips and pictures by the host's own sampler, with what was learnt loaded as the nodes load it."""

from collections.abc import Sequence
from dataclasses import dataclass

import comfy.sample
import torch
from comfy.model_patcher import ModelPatcher
from kinema.nodes.host.animate import animate_model
from kinema.nodes.host.temporal import LoraWeights, MotionLora, Strengths, apply_adapter, load_motion
from torch import Tensor

from .image import digest, load_image_model
from .plan import ADAPTER, IMAGE, LOOK_TOO, LORA, MODULE, MOTION_ALONE, Plan
from .scenes import CHANNELS, DIRECTIONS, captions_for
from .words import encoded

GUIDANCE = 2.0
SAMPLER, SCHEDULER = "ddim", "ddim_uniform"


@dataclass(frozen=True)
class Way:
    """What acts on the image model."""

    title: str
    animated: bool = True
    adapter: bool = False
    lora: str | None = None


FRAMES, ANIMATED, MARKED = "frames", "animated", "marked"
WAYS = {
    FRAMES: Way("image model, frame by frame", animated=False),
    ANIMATED: Way("with the motion module"),
    MARKED: Way("with module and domain adapter", adapter=True),
    LORA: Way("with module and MotionLoRA", lora=LORA),
    LOOK_TOO: Way("LoRA of negatives, one path", lora=LOOK_TOO),
    MOTION_ALONE: Way("LoRA of negatives, two paths", lora=MOTION_ALONE),
}


@dataclass(frozen=True)
class Before:
    """An image model."""

    digest: str
    pictures: Tensor


class Studio:
    """Samples clips, the same captions and noise in every way, each way once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.captions = captions_for(tuple(DIRECTIONS), plan.clips)
        self._made: dict[str, Tensor] = {}
        self._loaded: tuple[ModelPatcher, Before] | None = None

    @property
    def base(self) -> ModelPatcher:
        """The image model, as soon as it is learnt; always the same."""
        return self._read[0]

    @property
    def before(self) -> "Before":
        """What it was when it was loaded."""
        return self._read[1]

    @property
    def _read(self) -> "tuple[ModelPatcher, Before]":
        if self._loaded is None:
            model = load_image_model(self.plan.file(IMAGE), self.plan.width)
            self._loaded = model, Before(digest(model), sampled(model, self.captions, self.plan, 1))
        return self._loaded

    def clips(self, way: str) -> Tensor:
        """(clips, 4, frames, side, side)."""
        if way not in self._made:
            model = self.model(WAYS[way])
            self._made[way] = sampled(model, self.captions, self.plan, self.plan.frames)
        return self._made[way]

    @property
    def made(self) -> dict[str, Tensor]:
        """What was sampled, by its way."""
        return {name: self._made[name] for name in WAYS if name in self._made}

    def model(self, way: Way) -> ModelPatcher:
        """The image model with what acts on it, from files."""
        model, file = self.base, self.plan.file
        if way.adapter:
            model, _ = apply_adapter(model, str(file(ADAPTER)), 1.0)
        if not way.animated:
            return model
        loras = [MotionLora(LoraWeights.load(str(file(way.lora))))] if way.lora else []
        return animate_model(model, load_motion(str(file(MODULE))), Strengths(), "auto", loras)


def sampled(model: ModelPatcher, captions: Sequence[str], plan: Plan, frames: int) -> Tensor:
    """(captions, 4, frames, side, side), each from noise of its own that is the same in every call."""
    empty = torch.zeros(frames, CHANNELS, plan.side, plan.side)
    noises = [comfy.sample.prepare_noise(empty, plan.noise_seed + number) for number in range(len(captions))]
    return torch.stack(
        [_sampled(model, each, empty, text, plan.sampling) for each, text in zip(noises, captions, strict=True)]
    )


def sampled_from(model: ModelPatcher, noisy: Tensor, caption: str, steps: int, guidance: float) -> Tensor:
    """(4, frames, side, side) from latents that are noisy already, as DDIM Invert gives them."""
    return _sampled(model, torch.zeros_like(noisy, device="cpu"), noisy, caption, steps, guidance)


def _sampled(
    model: ModelPatcher, noise: Tensor, latents: Tensor, caption: str, steps: int, guidance: float = GUIDANCE
) -> Tensor:
    positive, negative = [[encoded([caption]), {}]], [[encoded([""]), {}]]
    settings = (steps, guidance, SAMPLER, SCHEDULER, positive, negative, latents)
    with torch.inference_mode():
        made = comfy.sample.sample(model, noise, *settings, seed=0, disable_pbar=True)
        return model.model.process_latent_in(made).transpose(0, 1).float().cpu()
