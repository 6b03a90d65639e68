"""Learnt from clips: the motion module."""

import torch
from kinema.nodes.host.training import Ground, learning, motion_module
from torch import Tensor

from . import measures
from .drawing import WATERMARK
from .learning import CLIP_NOISE, Source, learn, save
from .paces import PACES
from .plan import MODULE
from .rows import Row, figures, losses, shares, true_scenes
from .sampling import ANIMATED, FRAMES, MARKED, Studio
from .scenes import flow_of

VERSION = "AnimateDiff v3"


def module(studio: Studio) -> list[Row]:
    """A new one beside the image model; what it moves may have the domain adapter's watermark or not."""
    plan, stage = studio.plan, "motion module"
    with learning():
        part = motion_module(Ground(studio.base, checkpointing=False, frames=plan.frames), None, VERSION, plan.seed)
        learnt = learn(part.network, Source(plan), CLIP_NOISE, PACES[MODULE].settings(plan))
        save(plan.file(MODULE), part.tensors(learnt.weights), learnt, plan)
    truth = true_scenes(plan)
    frames, animated, wanted = studio.clips(FRAMES), studio.clips(ANIMATED), captioned(studio)
    moves = [measures.moves(each) for each in (frames, animated, truth.latents)]
    ways = wanted, wanted, truth.flows
    errors = (f"{each.error(way):.2f}" for each, way in zip(moves, ways, strict=True))
    watermarked = studio.clips(MARKED), true_scenes(plan, WATERMARK).latents
    return [
        losses(stage, learnt),
        figures(stage, "change from frame to frame", measures.change, frames, animated, truth.latents),
        figures(stage, "the same of the ground alone", measures.flicker, frames, animated, truth.latents),
        figures(
            stage, "distance of shapes from a straight path, pixels", measures.jitter, frames, animated, truth.latents
        ),
        shares(
            stage,
            "clips that move as captioned, within 45 degrees",
            *(each.right(way) for each, way in zip(moves, ways, strict=True)),
        ),
        Row(stage, "error of the flow, pixels a frame", *errors),
        figures(
            stage, "watermark in clips, at scale 0 and 1 of the adapter", measures.watermark, animated, *watermarked
        ),
    ]


def captioned(studio: Studio) -> Tensor:
    """(clips, 2) where each clip should go."""
    return torch.stack([flow_of(text.split()[-1], studio.plan.format) for text in studio.captions])
