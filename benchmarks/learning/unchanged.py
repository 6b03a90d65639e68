"""The image model beside which everything was learnt is the one it was."""

import torch
from kinema.motion.values import NOTHING, Acts
from kinema.nodes.host.animate import animate_model
from kinema.nodes.host.temporal import Strengths, load_motion

from .image import digest
from .plan import MODULE
from .rows import Row
from .sampling import Studio, sampled


def unchanged(studio: Studio) -> list[Row]:
    """Weights and pictures before anything was learnt beside it, and now."""
    plan, before = studio.plan, studio.before
    off = Strengths(effect=Acts(NOTHING))
    beside = animate_model(studio.base, load_motion(str(plan.file(MODULE))), off, "use existing")
    rows = []
    for told, model in (("its pictures", studio.base), ("its pictures under a motion module of effect 0", beside)):
        same = torch.equal(sampled(model, studio.captions, plan, 1), before.pictures)
        rows.append(Row("image model", f"{told} in the end equal to the bit", "", "yes" if same else "NO"))
        if model is studio.base:
            # now that it is loaded, whatever was patched before
            rows.append(Row("image model", "its weights in the end (blake2b)", before.digest, digest(model)))
    return rows
