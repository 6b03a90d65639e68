"""What a training learns from: the record on a `KINEMA_TRAINING_CLIPS` wire."""

from collections.abc import Sequence
from dataclasses import dataclass

from ....motion.clips import DROPOUT, Batches, Cache, Sample, key_of
from .clips import Clips

VALIDATION_SEED = 0
"""Held-out clips come in the same order whatever a training is seeded with, so that losses can be compared."""


@dataclass(frozen=True, eq=False)
class TrainingClips:
    """Clips whose latents and texts are on the disk."""

    learnt: tuple[Sample, ...]
    """At least one."""
    held_out: tuple[Sample, ...]
    """To validate with; none where that was chosen, or where there was but one clip."""
    cache: Cache
    """Has the latents as the host's LATENT carries them, before the model's `process_latent_in`."""
    encoder: str
    """What the texts were made with, for `text_key`."""
    frames: int
    """In every clip; 1 for single pictures."""
    size: tuple[int, int]
    """Height and width in pixels."""
    about: str
    """What is in it and what was left out, in lines."""
    source: Clips | None = None
    """What it was prepared from, for whoever needs its pictures; nothing where latents came from elsewhere."""

    def batches(self, size: int, seed: int, dropout: float = DROPOUT) -> Batches:
        """The clips to learn from, in an order without an end.

        Args:
            size: clips in a batch.
            dropout: part of the captions that become empty.

        Raises:
            ClipsError: something that was prepared is gone.
        """
        return Batches(self.learnt, self.cache, self.encoder, size, seed, dropout)

    def validation(self, size: int) -> Batches | None:
        """The clips that are held out, always in the same order and with their captions; None if there are none.

        Args:
            size: clips in a batch.

        Raises:
            ClipsError: something that was prepared is gone.
        """
        if not self.held_out:
            return None
        return Batches(self.held_out, self.cache, self.encoder, size, VALIDATION_SEED, dropout=0.0)

    @property
    def identity(self) -> str:
        """Changes if and only if what is learnt from, or validated with, changes."""
        return key_of("training clips", encoder=self.encoder, learnt=_told(self.learnt), held_out=_told(self.held_out))


def _told(samples: Sequence[Sample]) -> list[tuple[tuple[str, ...], str, int]]:
    return [(sample.views, sample.caption, sample.repeats) for sample in samples]
