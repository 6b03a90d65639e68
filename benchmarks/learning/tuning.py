"""Learnt from one clip alone: Tune-A-Video, which samples it again from its own noise, and with other words."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from comfy.model_patcher import ModelPatcher
from kinema.motion.crossframe import relative_error
from kinema.nodes.host.crossframe import Way, apply_one_shot, invert, load_one_shot
from kinema.nodes.host.training import Ground, learning, one_shot_part
from torch import Tensor

from . import measures
from .learning import IMAGE_NOISE, Source, learn, save
from .paces import PACES
from .pictures import save_sheet
from .plan import TUNED
from .rows import Row, losses, shares
from .sampling import SCHEDULER, Studio, sampled_from
from .scenes import COLOURS
from .words import encoded

GUIDANCE = 3.0
"""Of edits; the authors take 12.5 with Stable Diffusion."""


def one_shot(studio: Studio) -> list[Row]:
    """Tuned on one clip; edits put another colour into its caption."""
    plan, stage = studio.plan, "Tune-A-Video"
    source = Source(replace(plan, batch=plan.frames), few=1)
    with learning():
        part = one_shot_part(Ground(studio.base, checkpointing=False), plan.seed)
        learnt = learn(part.network, source, IMAGE_NOISE, PACES[TUNED].settings(plan))
        save(plan.file(TUNED), part.tensors(learnt.weights), learnt, plan)
    scenes = source.scenes(0)
    own, clip = scenes.captions[0], scenes.latents
    edits = [own.replace(own.split()[0], colour) for colour in COLOURS if colour != own.split()[0]]
    tuned = apply_one_shot(studio.base, load_one_shot(str(plan.file(TUNED))), 1.0)
    made = [_made(model, clip, own, edits, plan.sampling) for model in (studio.base, tuned)]
    again = (f"{relative_error(each[:1], clip):.1%}" for each in made)
    moves = [measures.moves(each[1:]) for each in (*made, torch.cat([clip] * (1 + len(edits))))]
    same = torch.cat([clip] * (1 + len(edits)))
    titles = ("the clip", "image model, from the clip's noise", "tuned, from the clip's noise")
    save_sheet(plan.folder / "one_shot.png", dict(zip(titles, (same, *made), strict=True)), (own, *edits))
    return [
        losses(stage, learnt),
        Row(stage, "error of the clip from its own noise and caption", *again),
        shares(stage, "edited frames with the new colour", *(measures.right_colours(each[1:], edits) for each in made)),
        shares(stage, "edited clips that move as the clip, within 45 degrees", *(e.right(scenes.flows) for e in moves)),
        Row(stage, "error of their flow, pixels a frame", *(f"{each.error(scenes.flows):.2f}" for each in moves)),
    ]


def _made(model: ModelPatcher, clip: Tensor, own: str, edits: Sequence[str], steps: int) -> Tensor:
    """(1 + edits, 4, frames, height, width): the clip from its own noise, and its edits."""
    empty = [[encoded([""]), {}]]
    latents = model.model.process_latent_out(clip[0].transpose(0, 1))
    with torch.inference_mode():
        found = invert(model, {"samples": latents}, Way(steps, SCHEDULER, 1.0, empty, empty), check=False)
    guidance = (1.0, *[GUIDANCE] * len(edits))
    texts = zip((own, *edits), guidance, strict=True)
    return torch.stack([sampled_from(model, found.latents, text, steps, strength) for text, strength in texts])
