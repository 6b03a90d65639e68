"""Ways to a clip from the same captions: (captions, 4, frames, side, side)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import comfy.sample
import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from kinema.motion.crossframe import CameraMotion
from kinema.nodes.host.crossframe import (
    CrossFrame,
    MotionWay,
    apply_one_shot,
    load_one_shot,
    motion_latents,
    read_across,
)
from torch import Tensor

from ..learning.plan import TUNED, Plan
from ..learning.sampling import ANIMATED, FRAMES, GUIDANCE, SCHEDULER, WAYS, Studio, sampled
from ..learning.scenes import CHANNELS, Scenes, flow_of
from ..learning.tuning import again
from ..learning.words import encoded

PIXELS = 512
"""Width of a picture in which Text2Video-Zero measures motion."""
T0, T1 = 881, 941
"""Timesteps of Text2Video-Zero, of its authors."""


@dataclass(frozen=True)
class Task:
    """What every system is asked for."""

    studio: Studio
    captions: tuple[str, ...]
    """All of one direction."""
    source: Scenes
    """The one clip that Tune-A-Video was tuned on; it goes in this direction, too."""

    @property
    def plan(self) -> Plan:
        """Of sampling."""
        return self.studio.plan

    @property
    def flow(self) -> Tensor:
        """(2,) pixels a frame in the direction of the captions."""
        return flow_of(self.captions[0].split()[-1], self.plan.format)


def image_model(task: Task) -> Tensor:
    """Frame by frame, each from noise of its own."""
    return sampled(task.studio.model(WAYS[FRAMES]), task.captions, task.plan, task.plan.frames)


def zero_shot(task: Task) -> Tensor:
    """Text2Video-Zero: nothing is learnt, and the camera is moved so that what it sees goes the captions' way."""
    plan, model = task.plan, read_across(task.studio.base, CrossFrame())
    dx, dy = (-task.flow * PIXELS / plan.side).tolist()
    return torch.stack([_moved(model, plan, CameraMotion(dx, dy), *each) for each in enumerate(task.captions)])


def one_shot(task: Task) -> Tensor:
    """Tune-A-Video: its clip with other words, from its clip's own noise."""
    model = apply_one_shot(task.studio.base, load_one_shot(str(task.plan.file(TUNED))), 1.0)
    edits = [(caption, GUIDANCE) for caption in task.captions]
    return again(model, task.source.latents, task.source.captions[0], edits, task.plan.sampling).clips


def motion_module(task: Task) -> Tensor:
    """AnimateDiff: all frames at once, with the motion module."""
    return sampled(task.studio.model(WAYS[ANIMATED]), task.captions, task.plan, task.plan.frames)


SYSTEMS: Mapping[str, Callable[[Task], Tensor]] = {
    "image model alone": image_model,
    "Text2Video-Zero": zero_shot,
    "Tune-A-Video": one_shot,
    "AnimateDiff": motion_module,
}


def _moved(model: ModelPatcher, plan: Plan, motion: CameraMotion, number: int, caption: str) -> Tensor:
    positive, negative = ([[encoded([text]), {}]] for text in (caption, ""))
    noise = plan.noise_seed + number
    way = MotionWay(plan.frames, motion, noise, plan.sampling, SCHEDULER, GUIDANCE, T0, T1, positive, negative)
    with torch.inference_mode():
        found = motion_latents(model, {"samples": torch.zeros(1, CHANNELS, plan.side, plan.side)}, way)
        made = comfy.sample.sample_custom(
            model,
            torch.zeros_like(found.latents),
            GUIDANCE,
            comfy.samplers.sampler_object("ddim"),
            found.sigmas,
            positive,
            negative,
            found.latents,
            disable_pbar=True,
            seed=noise,
        )
        return model.model.process_latent_in(made).transpose(0, 1).float().cpu()
