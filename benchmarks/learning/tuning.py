"""Learnt from one clip alone: Tune-A-Video, which samples it again from its own noise, and with other words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from comfy.model_patcher import ModelPatcher
from kinema.nodes.host.crossframe import Way, apply_one_shot, invert, load_one_shot
from kinema.nodes.host.training import Ground, learning, one_shot_part
from torch import Tensor

from . import measures
from .learning import IMAGE_NOISE, Source, learn, save
from .paces import PACES
from .pictures import save_sheet
from .plan import TUNED, Plan
from .rows import Row, losses, shares
from .sampling import SCHEDULER, Studio, sampled_from
from .scenes import COLOURS
from .words import encoded

GUIDANCE = 3.0
"""Of edits; the authors take 12.5 with Stable Diffusion."""
LONGER = 2.5
"""Steps of the inversion and of the way back, over those of other clips: the authors take 50."""


def one_shot(studio: Studio) -> list[Row]:
    """Tuned on one clip; edits put another colour into its caption."""
    plan, stage = studio.plan, "Tune-A-Video"
    source = one_clip(plan)
    with learning():
        part = one_shot_part(Ground(studio.base, checkpointing=False), plan.seed)
        learnt = learn(part.network, source, IMAGE_NOISE, PACES[TUNED].settings(plan), held_out=False)
        save(plan.file(TUNED), part.tensors(learnt.weights), learnt, plan)
    scenes = source.scenes(0)
    own, clip = scenes.captions[0], scenes.latents
    edits = [own.replace(own.split()[0], colour) for colour in COLOURS if colour != own.split()[0]]
    tuned = apply_one_shot(studio.base, load_one_shot(str(plan.file(TUNED))), 1.0)
    texts = [(own, 1.0), *((edit, GUIDANCE) for edit in edits)]
    steps = round(plan.sampling * LONGER)
    made = [again(model, clip, own, texts, steps) for model in (studio.base, tuned)]
    clips = torch.cat([clip] * (1 + len(edits)))
    titles: list[str] = ["the clip", "image model, from the clip's noise", "tuned, from the clip's noise"]
    sheet = dict(zip(titles, (clips, *(each.clips for each in made)), strict=True))
    save_sheet(plan.folder / "one_shot.png", sheet, (own, *edits))
    edited = [each.clips[1:] for each in made]
    moves = [measures.moves(each) for each in (*edited, clips[1:])]
    return [
        losses(stage, learnt, "its clip"),
        Row(stage, "error of the clip, inverted and sampled again", *(f"{each.error:.1%}" for each in made)),
        shares(stage, "edited frames with the new colour", *(measures.right_colours(each, edits) for each in edited)),
        shares(stage, "edited clips that move as the clip, within 45 degrees", *(e.right(scenes.flows) for e in moves)),
        Row(stage, "error of their flow, pixels a frame", *(f"{each.error(scenes.flows):.2f}" for each in moves)),
    ]


def one_clip(plan: Plan) -> Source:
    """The clip that is learnt from, again and again."""
    return Source(replace(plan, batch=plan.frames), few=1)


@dataclass(frozen=True)
class Again:
    """What a model makes of a clip's own noise."""

    clips: Tensor
    """(texts, 4, frames, height, width)."""
    error: float
    """Of the clip that comes back by the words it was inverted by, as a part of it."""


def again(model: ModelPatcher, clip: Tensor, own: str, texts: Sequence[tuple[str, float]], steps: int) -> Again:
    """Find the noise of a clip (1, 4, frames, height, width) by its own caption, and sample it with others.

    Args:
        texts: captions, each with its guidance.
        steps: of the way there and back.
    """
    empty = [[encoded([""]), {}]]
    latents = model.model.process_latent_out(clip[0].transpose(0, 1))
    with torch.inference_mode():
        found = invert(model, {"samples": latents}, Way(steps, SCHEDULER, 1.0, empty, empty), check=True)
    clips = [sampled_from(model, found.latents, text, steps, guidance) for text, guidance in texts]
    return Again(torch.stack(clips), found.error or 0.0)
