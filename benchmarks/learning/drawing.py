"""Learnt from single frames: the image model, and the domain adapter beside it."""

import torch
from kinema.nodes.host.temporal import apply_adapter
from kinema.nodes.host.training import Ground, domain_adapter, learning

from . import measures
from .image import new_image_model, whole_network
from .learning import IMAGE_NOISE, Source, learn, save
from .paces import ADAPTER_RANK, PACES
from .plan import ADAPTER, IMAGE
from .rows import Row, figures, losses, shares, true_scenes
from .sampling import FRAMES, Studio, sampled
from .scenes import Look, stills

WATERMARK = Look(marked=True)

SEEN = {
    "colour of their caption": measures.right_colours,
    "shape of their caption": measures.right_shapes,
    "light of their caption's direction": measures.right_lights,
}


def image_model(studio: Studio) -> list[Row]:
    """All weights of the UNet."""
    plan, stage = studio.plan, "image model"
    model = new_image_model(plan.width, plan.seed)
    with learning():
        network = whole_network(model)
        learnt = learn(network, Source(plan, still=True), IMAGE_NOISE, PACES[IMAGE].settings(plan))
        save(plan.file(IMAGE), learnt.weights, learnt, plan)
    truth, captions = stills(true_scenes(plan)), studio.captions
    new = sampled(new_image_model(plan.width, plan.seed), captions, plan, 1)
    rows = [losses(stage, learnt)]
    for name, measure in SEEN.items():
        parts = measure(new, captions), measure(studio.clips(FRAMES), captions), measure(truth.latents, truth.captions)
        rows.append(shares(stage, f"pictures with the {name}", *parts))
    return rows


def adapter(studio: Studio) -> list[Row]:
    """Low-rank layers on spatial attention, from frames that have a watermark."""
    plan, stage = studio.plan, "domain adapter"
    with learning():
        part = domain_adapter(Ground(studio.base, checkpointing=False), ADAPTER_RANK, plan.seed)
        source = Source(plan, WATERMARK, still=True)
        learnt = learn(part.network, source, IMAGE_NOISE, PACES[ADAPTER].settings(plan))
        save(plan.file(ADAPTER), part.tensors(learnt.weights), learnt, plan)
    path, base = str(plan.file(ADAPTER)), studio.before.pictures
    full, none = (sampled(apply_adapter(studio.base, path, scale)[0], studio.captions, plan, 1) for scale in (1.0, 0.0))
    truth = true_scenes(plan, WATERMARK).latents
    return [
        losses(stage, learnt),
        figures(stage, "watermark in pictures at scale 1", measures.watermark, base, full, truth),
        figures(stage, "watermark in pictures at scale 0", measures.watermark, base, none),
        Row(stage, "pictures at scale 0 equal to the bit", "", "yes" if torch.equal(base, none) else "NO"),
    ]
