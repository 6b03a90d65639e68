"""What an old workflow means in plain numbers, and the prediction that the papers give for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tests.harness.seeded.layouts import motion_module
from tests.harness.seeded.layouts_lora import merged
from tests.papers import temporal as paper

from ...bare.sampling.test_schedules import sigmas_by_loop, straight
from ..models import CHANNELS, VERSIONS, conds, tiny_state

SEED, CFG = 7, 2.0
ROOTS = [root * root for root in straight(math.sqrt(0.00085), math.sqrt(0.012))]
SQRT_LINEAR, LINEAR = (sigmas_by_loop(betas)[-1] for betas in (straight(0.00085, 0.012), ROOTS))
"""The highest noise levels of AnimateDiff's and of Stable Diffusion's own schedule."""


def span(start: int, end: int) -> list[int]:
    """Frames of a window in a clip of 24."""
    return [frame % 24 for frame in range(start, end)]


@dataclass(frozen=True)
class Meaning:
    """What an old workflow means, in numbers."""

    frames: int = 6
    version: str = "v2"
    sigma: float = SQRT_LINEAR
    windows: Sequence[Sequence[int]] = ()
    pyramid: bool = False
    scale: float = 1.0
    effect: float = 1.0
    lora: float = 0.0
    lcm: bool = False
    freenoise: bool = False
    notes: Sequence[str] = ()
    """How the things begin that it does not mean the same in."""


def motion_state(meaning: Meaning) -> dict[str, Tensor]:
    """The weights of its motion module: a strength on keys, on what comes out, and a merged LoRA."""
    state = motion_module(CHANNELS, **VERSIONS[meaning.version])
    if meaning.lora:
        state = {name: value.float() for name, value in merged(state, meaning.lora, CHANNELS, rank=8).items()}
    factors = {".to_k.": meaning.scale, ".proj_out.": meaning.effect}
    return {
        name: value * next((factor for part, factor in factors.items() if part in name), 1.0)
        for name, value in state.items()
    }


def predicted(meaning: Meaning) -> Tensor:
    """The first prediction that the papers give, (frames, 4, 8, 8)."""
    noise = torch.randn(meaning.frames, 4, 8, 8, generator=torch.manual_seed(SEED))
    if meaning.freenoise:  # windows of 16 with 4 in common: what is behind the first one is drawn from its beginning
        noise[16:] = noise[torch.randperm(8, generator=torch.manual_seed(SEED))]
    state, motion = tiny_state(), motion_state(meaning)
    contexts = [cond[0][0] for cond in conds()]
    windows = meaning.windows or [list(range(meaning.frames))]
    total, share = torch.zeros_like(noise), torch.zeros(meaning.frames, 1, 1, 1)
    with torch.inference_mode():
        for window in windows:
            # noise at the highest level is scaled to one for the network
            clip = noise[window].transpose(0, 1)[None]
            good, bad = (
                paper.unet(clip, 999, context, state, motion, pool_resnets=meaning.version == "v1")[0].transpose(0, 1)
                for context in contexts
            )
            last = len(window) - 1
            weights = torch.tensor([min(n, last - n) + 1.0 if meaning.pyramid else 1.0 for n in range(last + 1)])
            total[window] += (bad + CFG * (good - bad)) * weights[:, None, None, None]
            share[window] += weights[:, None, None, None]
    noisy = noise * math.sqrt(1.0 + meaning.sigma**2)
    x0 = noisy - meaning.sigma * total / share
    if not meaning.lcm:
        return x0
    # consistency models of 2310.04378: skip and output weights at timestep 999, scaled by 10, with sigma_data 0.5
    scaled = 9990.0
    return scaled / math.hypot(scaled, 0.5) * x0 + 0.25 / (scaled**2 + 0.25) * noisy
