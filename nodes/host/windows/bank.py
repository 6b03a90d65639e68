"""What the layers of a reference window saw, and which windows of a prediction leave or see it.

Nothing is stored on the model or in this module: the sliding context makes a bank for each prediction of the whole clip
and says in ``transformer_options`` what every call of the model does with it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ....motion.values import NOTHING, Acts, MotionValue
from ....motion.windows import Reader, ReferenceOptions, Window, sources
from ..options import CONTEXT_REFERENCES
from ..sampling import Now

FIRST_QUARTER = Acts(end_percent=0.25)
LayerName = tuple[str | int, ...]
"""A block of the UNet, and where it has several the number of the transformer in it."""
Kept = dict[tuple[LayerName, Any], tuple[Tensor, ...]]


@dataclass(frozen=True, eq=False)
class ContextReference:
    """One Context Reference node: which layers see the reference window, how strongly and when."""

    options: ReferenceOptions
    attentions: tuple[Reader, ...] = ()
    blocks: tuple[Reader, ...] = ()
    acts: Acts = FIRST_QUARTER
    on_cpu: bool = False
    """Whether the bank waits in main memory."""

    def bank_size(self, frames: int, height: int, width: int, itemsize: int) -> int:
        """Bytes of the bank on the device for a latent of so many frames, pixels and bytes a number."""
        if self.on_cpu:
            return 0
        numbers = sum(
            reader.width * -(-height >> reader.level) * -(-width >> reader.level) for reader in self.attentions
        )
        return frames * numbers * itemsize * (1 if self.options.style_fidelity == 1.0 else 2)


@dataclass(eq=False)
class Bank:
    """What the reference window saw, by layer and conditioning; lives as long as one prediction of the whole clip."""

    on_cpu: bool
    kept: Kept = field(default_factory=dict)

    def keep(self, layer: LayerName, uuid: Any, parts: Sequence[Tensor]) -> None:
        """Keep what a layer saw in place of what an earlier reference window left there."""
        # a copy, because a slice would hold on to the rows of all other windows and conditionings
        self.kept[layer, uuid] = tuple(part.cpu() if self.on_cpu else part.clone() for part in parts)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(part.nbytes for parts in self.kept.values() for part in parts)


@dataclass(frozen=True, eq=False)
class Part:
    """What one call of the model has to do with the bank."""

    reference: ContextReference
    value: MotionValue
    """The strength at this step, without keyframes."""
    bank: Bank
    reads: bool
    writes: bool
    """The last window of the call becomes the reference."""


class WindowReference:
    """Which windows of one prediction see which."""

    def __init__(self, options: Mapping[str, Any], now: Now, windows: Sequence[Window]) -> None:
        """Ask what acts at a moment.

        Args:
            options: the ``transformer_options`` of the sampling.
            windows: those of the step, in order.
        """
        self.sources: Sequence[int | None] = [None] * len(windows)
        self._timing, self._reference, self._value = now.timing, None, NOTHING
        for reference in options.get(CONTEXT_REFERENCES, ()) if len(windows) > 1 else ():
            value = now.strength(reference.acts)
            if not value.is_zero and (reference.attentions or reference.blocks):
                self._reference, self._value = reference, value
        if self._reference is not None:
            self._bank = Bank(self._reference.on_cpu)
            self.sources = sources([window.frames for window in windows], self._reference.options)

    def part(self, first: int, last: int) -> Part | None:
        """What a call with the windows from a first to a last number does, None if nothing acts."""
        if self._reference is None:
            return None
        reads = self.sources[first] is not None
        if reads and CONTEXT_REFERENCES not in self._timing.kept:
            self._timing.kept[CONTEXT_REFERENCES] = True
            where = "main memory" if self._bank.on_cpu else "the model's device"
            logging.info("[Kinema] The reference window takes %.0f MB on %s.", self._bank.size / 1e6, where)
        return Part(self._reference, self._value, self._bank, reads, last in self.sources)
