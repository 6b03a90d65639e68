"""Learnt beside the motion module: MotionLoRAs, without and with MotionDirector's second path."""

from dataclasses import replace

from kinema.motion.training import Denoising, DualPath
from kinema.nodes.host.temporal import load_motion
from kinema.nodes.host.training import Ground, learning, motion_lora

from . import measures
from .learning import CLIP_NOISE, Source, learn, save
from .paces import LORA_RANK, PACES
from .plan import LOOK_TOO, LORA, MODULE, MOTION_ALONE
from .rows import Row, figures, losses, shares, true_scenes
from .sampling import ANIMATED, Studio
from .scenes import Look, flow_of

TURNED = "up"
"""Where their clips go, whatever grounds and captions say."""
UP, NEGATIVE = Look(moving=TURNED), Look(moving=TURNED, inverted=True)
FEW = 32
"""Clips."""
SMALLER = 2
"""A batch is so many times smaller than others: a LoRA of few clips learns as much of it in half the time."""


def lora(studio: Studio) -> list[Row]:
    """A MotionLoRA from clips that all go up."""
    return _learnt(studio, LORA, UP, "MotionLoRA")


def director(studio: Studio) -> list[Row]:
    """Two from negatives that all go up: the look of these is not wanted."""
    rows = []
    for name, title in ((LOOK_TOO, "from negatives, one path"), (MOTION_ALONE, "from negatives, two paths")):
        rows += _learnt(studio, name, NEGATIVE, title)
        clips = studio.clips(ANIMATED), studio.clips(name), true_scenes(studio.plan, NEGATIVE).latents
        rows.append(figures(title, "look of negatives", measures.negative, *clips))
    return rows


def _learnt(studio: Studio, name: str, look: Look, title: str) -> list[Row]:
    plan, dual = studio.plan, name == MOTION_ALONE
    motion = load_motion(str(plan.file(MODULE)))
    with learning():
        ground = Ground(studio.base, checkpointing=False)
        part = motion_lora(ground, motion, LORA_RANK, plan.seed, wide=look.inverted, dual=dual)
        objective = DualPath() if dual else Denoising()
        smaller = replace(plan, batch=max(plan.frames, plan.batch // SMALLER))
        source = Source(smaller, look, few=FEW)
        learnt = learn(part.network, source, CLIP_NOISE, PACES[name].settings(plan), objective)
        save(plan.file(name), part.tensors(learnt.weights), learnt, plan)
    truth = true_scenes(plan, look)
    wanted = flow_of(TURNED, plan.format)[None]
    moves = [measures.moves(each) for each in (studio.clips(ANIMATED), studio.clips(name), truth.latents)]
    return [
        losses(title, learnt),
        shares(title, "clips that go up, within 45 degrees", *(each.right(wanted) for each in moves)),
        Row(title, "error of the flow, pixels a frame", *(f"{each.error(wanted):.2f}" for each in moves)),
    ]
