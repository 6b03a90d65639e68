"""Which clips a step learns from.

It is a function of the seed and the number of the step, so that a training that was stopped goes on as if it had not.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .batch import Batch, joined
from .cache import Cache
from .chance import below, fraction, seeds
from .errors import ClipsError
from .identity import text_key
from .preparing import Sample

DROPOUT = 0.1
"""Part of the captions that are left out, as in the training of AnimateDiff (arXiv 2307.04725)."""
TWO_EPOCHS = 2
"""A batch may reach from one into the next."""
MOST_ROWS = 1 << 26
"""Of an epoch, whose order is in memory."""


class Row(NamedTuple):
    """One clip of a batch."""

    clip: int
    """Its place among all."""
    view: int
    latents: str
    """The key of that view."""
    text: str
    """The key of its caption, or of the empty one."""
    dropped: bool
    """Whether the caption is left out."""


class Batches:
    """Prepared clips in the order in which they are learnt, without an end.

    Every epoch has each clip as often as its repeats say, in an order of its own, and goes on with the next of its
    views. What is a step to an optimizer is not known here: one that learns from four batches at once takes four.

    Args:
        cache: has the latents and texts.
        encoder: what the texts were prepared with.
        size: clips in a batch.
        dropout: part of the captions that become empty.

    Raises:
        ClipsError: there are no clips, or some of what they need is not in the cache.
    """

    def __init__(
        self, samples: Sequence[Sample], cache: Cache, encoder: str, size: int, seed: int, dropout: float = DROPOUT
    ) -> None:
        if size < 1:
            raise ClipsError(f"batch_size is {size}; a batch needs at least one clip.")
        repeats = np.array([sample.repeats for sample in samples], dtype=np.int64)
        if not repeats.sum():
            raise ClipsError("There are no clips to learn from.")
        if repeats.sum() > MOST_ROWS:
            raise ClipsError(
                f"An epoch has {repeats.sum()} clips with their repeats. Lower the numbers before the names of "
                "folders; 10_walk and 20_run are learnt as 1_walk and 2_run."
            )
        keys = {key for sample in samples for key in (*sample.views, text_key(sample.caption, encoder))}
        keys.add(text_key("", encoder))
        missing = cache.missing(keys)
        if missing:
            raise ClipsError(
                f"{len(missing)} of {len(keys)} latents and texts are not in {cache.folder}. Prepare the clips again."
            )
        self._samples, self._cache, self._encoder = tuple(samples), cache, encoder
        self._size, self._seed, self._dropout = size, seed, dropout
        self._clips = np.repeat(np.arange(len(samples), dtype=np.int32), repeats)
        """The clip of each row of an epoch."""
        self._firsts = np.concatenate(([0], np.cumsum(repeats)[:-1]))
        self._order = lru_cache(TWO_EPOCHS)(self._shuffled)

    @property
    def rows(self) -> int:
        """Clips in an epoch, with their repeats."""
        return len(self._clips)

    @property
    def size(self) -> int:
        """Clips in a batch."""
        return self._size

    @property
    def seed(self) -> int:
        """Of all that is drawn."""
        return self._seed

    @property
    def samples(self) -> Sequence[Sample]:
        """The clips, each once."""
        return self._samples

    def at(self, step: int) -> Batch:
        """The batch of a step, from 0; it takes as long for a million as for none.

        Raises:
            ClipsError: something in the cache is damaged, or clips that are not alike are together.
        """
        rows = self.drawn(step)
        latents = [self._cache.read(row.latents) for row in rows]
        return joined(latents, [self._cache.read(row.text) for row in rows], [row.clip for row in rows])

    def drawn(self, step: int) -> list[Row]:
        """Which clips the batch of a step has; nothing of them is read."""
        return [self._row(step * self._size + number) for number in range(self._size)]

    def _row(self, number: int) -> Row:
        epoch, place = divmod(number, self.rows)
        row = int(self._order(epoch)[place])
        clip = int(self._clips[row])
        sample = self._samples[clip]
        # the views in turn, each clip beginning with another one, so that all are seen equally often
        turn = epoch * sample.repeats + row - int(self._firsts[clip])
        view = (below(len(sample.views), self._seed, "view", sample.content) + turn) % len(sample.views)
        is_dropped = fraction(self._seed, "caption", epoch, row) < self._dropout
        text = text_key("" if is_dropped else sample.caption, self._encoder)
        return Row(clip, view, sample.views[view], text, is_dropped)

    def _shuffled(self, epoch: int) -> np.ndarray:
        # the generator of numpy whose numbers stay as they are in later versions
        return np.random.RandomState(seeds(self._seed, "order", epoch)).permutation(self.rows)
