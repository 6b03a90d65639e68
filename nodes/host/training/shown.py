"""How a training goes, on its node, while it goes."""

import time

import comfy.model_management as management
import comfy.utils
from PIL import Image
from torch import Tensor

from ....motion.training import Trainer
from ..notices import progress
from .picture import drawn
from .previews import Previews

SECONDS = 1.0
"""From one text to the next."""
PICTURE_SECONDS = 5.0
LARGEST = 768
"""Side of the picture that the front end is sent."""
RECENT = 50


class Shown:
    """Progress, a text and the losses with a preview clip below, as the host shows previews.

    Args:
        every: steps from one clip to the next, 0 for none.
    """

    def __init__(self, trainer: Trainer, previews: Previews, every: int) -> None:
        self._trainer, self._previews, self._every = trainer, previews, every
        self._steps = trainer.settings.steps
        self._bar = comfy.utils.ProgressBar(self._steps)
        self._strip: Tensor | None = None
        self._started, self._first = time.monotonic(), trainer.step
        self._told = self._drawn = 0.0

    def step(self) -> None:
        """Show that a step is done; the first one and the last one at once."""
        step, now = self._trainer.step, time.monotonic()
        if self._every and (step % self._every == 0 or step == self._steps):
            self._strip = self._previews.strip(management.throw_exception_if_processing_interrupted)
            self._drawn = 0.0
        preview = None
        if now - self._drawn >= PICTURE_SECONDS or step == self._steps:
            self._drawn = now
            preview = ("JPEG", self.picture(), LARGEST)
        self._bar.update_absolute(step, self._steps, preview)
        if now - self._told >= SECONDS:
            self._told = now
            progress(self._text(now))

    def picture(self) -> Image.Image:
        """The losses, and the last clip."""
        return drawn(self._trainer.curve, self._steps, self._strip)

    def _text(self, now: float) -> str:
        step, losses = self._trainer.step, self._trainer.curve.losses[-RECENT:]
        pace = (now - self._started) / max(1, step - self._first)
        left = pace * (self._steps - step)
        return (
            f"step {step} of {self._steps}, loss {sum(losses) / len(losses):.4g}, {pace:.2g} s a step, "
            f"{_duration(left)} left"
        )


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
