"""Batches that never repeat, and a training with a line about every tenth of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kinema.motion.clips import Batch
from kinema.motion.formats import LINEAR, SQRT_LINEAR
from kinema.motion.training import VELOCITY, Denoising, Network, Noising, Objective, Settings, Trainer, publish_weights
from torch import Tensor

from .plan import Plan
from .scenes import PLAIN, Look, Scenes, draw_scenes, stills
from .words import encoded

IMAGE_NOISE = Noising.of(LINEAR, VELOCITY)
CLIP_NOISE = Noising.of(SQRT_LINEAR, VELOCITY)
"""Of Stable Diffusion and its domain adapters, and of AnimateDiff's motion modules."""
DROPOUT = 0.1
HELD_OUT = 1 << 40
"""Seeds from here on are never learnt from."""
VALIDATED = 2
"""Batches."""
LINES = 10


@dataclass(frozen=True)
class Source:
    """Where batches come from."""

    plan: Plan
    look: Look = PLAIN
    still: bool = False
    """Single frames."""
    few: int = 0
    """So many clips again and again, 0 for new ones without an end."""

    def batch(self, number: int) -> Batch:
        """Of a number, some captions dropped."""
        plan, scenes, count = self.plan, self.scenes(number), self._together
        dropped = number < HELD_OUT and not self.few
        kept = [not dropped or (number * count + n) % round(1 / DROPOUT) > 0 for n in range(count)]
        texts = encoded([text if keep else "" for text, keep in zip(scenes.captions, kept, strict=True)])
        return Batch(scenes.latents.to(plan.device), texts.to(plan.device), tuple(range(count)))

    def scenes(self, number: int) -> Scenes:
        """What a batch is made of."""
        new = not self.few or number >= HELD_OUT
        seeds = number if new else number % -(-self.few // self._together)
        # sources with different looks show different clips
        own = 2 * self.look.inverted + 4 * bool(self.look.moving) + self.still
        scenes = draw_scenes(self._together, self.plan.format, (self.plan.seed << 32) + seeds * 8 + own, self.look)
        return stills(scenes) if self.still else scenes

    @property
    def _together(self) -> int:
        return self.plan.batch if self.still else self.plan.together

    def held_out(self, number: int) -> Batch:
        """The same kind, never learnt from."""
        return self.batch(HELD_OUT + number)


@dataclass(frozen=True)
class Learnt:
    """A training that is over."""

    weights: Mapping[str, Tensor]
    before: float
    """Loss on what is measured."""
    after: float
    seconds: float


def learn(
    network: Network,
    source: Source,
    noising: Noising,
    settings: Settings,
    objective: Objective | None = None,
    held_out: bool = True,
) -> Learnt:
    """Train, and measure before and after; call it within `learning`.

    Args:
        held_out: measure what is held out, rather than what is learnt from.
    """
    trainer = Trainer(network, source.batch, objective or Denoising(), noising, settings, checkpointing=False)
    start = time.monotonic()
    measured = source.held_out if held_out else source.batch
    before = trainer.validate(measured, VALIDATED)
    losses: list[float] = []
    while trainer.step < settings.steps:
        losses.append(trainer.advance().loss)
        if trainer.step % max(1, settings.steps // LINES) == 0:
            lately = sum(losses) / len(losses)
            print(f"step {trainer.step}: loss {lately:.4f}, {time.monotonic() - start:.0f} s", flush=True)
            losses = []
    after = trainer.validate(measured, VALIDATED)
    return Learnt(trainer.weights(), before, after, time.monotonic() - start)


def save(path: Path, tensors: Mapping[str, Tensor], learnt: Learnt, plan: Plan) -> None:
    """In the layout in which such files are published."""
    about = {"width": plan.width, "frames": plan.frames, "seed": plan.seed, "loss": learnt.after}
    path.unlink(missing_ok=True)
    publish_weights(tensors, about, [path])
