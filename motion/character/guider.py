"""What every reader of pose pictures is: pictures of a clip to maps, and the places of a UNet where they are added."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..formats import Block

PIXELS_AT_ONCE = 1 << 21
"""Pixels in one pass. The first layers keep 16 channels at full size, so this is about 128 MB a layer in float32."""


@dataclass(frozen=True)
class Entry:
    """Where a map enters the UNet: it is added to what a block gives."""

    block: Block
    """A block of the original (ldm) layout, with the downsampler being a block of its own."""
    skip: bool
    """Whether the stored skip connection sees the map too, and not only the next block."""


AFTER_FIRST = Entry(("input", 0), True)
"""After the first convolution."""
AT_LATENT = Entry(("latent", 0), True)
"""Before the first convolution: the map has the latent's channels and is added to the noisy latent."""


@dataclass(frozen=True)
class GuiderKind:
    """A kind of guider, told from the others by the keys and shapes of its file."""

    id: str
    """Never changes, so that code can ask for it."""
    title: str
    """What to call it in a sentence, with its article."""


@dataclass(frozen=True)
class GuiderStructure:
    """What the shapes of a file say."""

    inner: tuple[int, ...]
    """Channels inside the convolutions, from the full size down."""
    maps: tuple[int, ...]
    """Channels of each map."""
    attended: int = 0
    """Channels inside the transformers, 0 if there are none."""


class Guider(nn.Module):
    """A reader of pose pictures."""

    kind: ClassVar[GuiderKind]
    entries: ClassVar[tuple[Entry, ...]] = (AFTER_FIRST,)
    """Where each map enters."""
    per_window: ClassVar[bool] = False
    """Whether the maps of a frame depend on the other frames, so that it has to see exactly those of a window."""
    pixels: ClassVar[int] = PIXELS_AT_ONCE
    """Pixels in one pass of `features`."""

    def __init__(self, structure: GuiderStructure, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.structure, self.dtype = structure, dtype

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each map."""
        return self.structure.maps

    def get_dtype(self) -> torch.dtype | None:
        """Storage dtype of the weights, asked for by model managers."""
        return self.dtype

    def forward(self, frames: Tensor) -> list[Tensor]:
        """The maps of a few frames, in their dtype.

        Args:
            frames: (frames, 3, height, width) in [0, 1], at the size of the clip, whose sides 8 divides.

        Returns:
            For each entry (frames, channels, height, width) at the size the UNet has there: 1/8 at the first.
        """
        raise NotImplementedError

    def features(
        self,
        frames: Tensor,
        before_each: Callable[[], None] = lambda: None,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> list[Tensor]:
        """The maps of many frames, a few at a time; all at once where they depend on one another.

        Args:
            frames: as in `forward`, wherever they rest.
            before_each: called before each pass, to stop there if nobody waits any longer.
            device, dtype: where and in what to work, as the frames are if None.

        Returns:
            As `forward`, on the device of the frames.
        """
        count, _, height, width = frames.shape
        together = count if self.per_window else max(1, self.pixels // (height * width))
        whole: list[Tensor] = []
        for start in range(0, count, together):
            before_each()
            parts = self(frames[start : start + together].to(device=device, dtype=dtype))
            if together >= count:
                return [part.to(frames.device) for part in parts]
            whole = whole or [part.new_empty(count, *part.shape[1:], device=frames.device) for part in parts]
            for full, part in zip(whole, parts, strict=True):
                full[start : start + together] = part
        return whole
