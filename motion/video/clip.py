"""Frames as ffmpeg takes them: whole numbers, one after the other, made a few at a time."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor

from .codecs import Codec
from .sounds import CUT, SHORTEN, SILENT, Heard, seconds

PIXELS = {3: ("rgb24", "rgb48le"), 4: ("rgba", "rgba64le")}
"""ffmpeg's names for what frames are in 8 and in 16 bits, by their channels."""
CACHED = 1 << 15
"""Numbers that are worked on together."""
ROUNDING = 1e-6
"""Of a frame by which a sound may be shorter."""


class Pictures(Protocol):
    """Frames, (frames, height, width, 3 or 4) in 0..1, as a tensor or as something that makes them when asked."""

    @property
    def shape(self) -> Sequence[int]:
        """The four sizes."""
        ...

    def __getitem__(self, part: slice, /) -> Tensor:
        """Some frames that follow one another."""
        ...


@dataclass(frozen=True)
class Clip:
    """Frames to write, and how to play them."""

    images: Pictures
    frame_rate: float
    pingpong: bool = False
    sound: Heard | None = None
    at_once: int = 1
    """How many frames to ask ``images`` for together."""
    ending: str = CUT
    """What happens where sound and frames are not equally long, one of `ENDINGS`."""

    def __len__(self) -> int:
        count = self.images.shape[0]
        whole = 2 * count - 2 if self.pingpong and count > 2 else count
        if self.sound is None or self.ending != SHORTEN:
            return whole
        return max(1, min(whole, int(seconds(self.sound) * self.frame_rate + ROUNDING)))

    @property
    def heard(self) -> Heard | None:
        """The sound that is to be in the file."""
        return None if self.ending == SILENT else self.sound

    def frames(self, codec: Codec, deep: bool = False) -> Iterator[np.ndarray]:
        """Frames as contiguous arrays, edges replicated up to the size the codec needs.

        Args:
            deep: in 16 bits instead of 8.
        """
        height, width = self.images.shape[1:3]
        grow = ((0, -height % codec.multiple[1]), (0, -width % codec.multiple[0]), (0, 0))
        for frame in itertools.islice(self._pictures(), len(self)):
            array = _whole_numbers(frame, deep)
            yield np.ascontiguousarray(np.pad(array, grow, mode="edge") if any(map(any, grow)) else array)

    def _pictures(self) -> Iterator[Tensor]:
        for start, numbers in self._parts():
            part = self.images[start : start + self.at_once]
            for number in numbers:
                yield part[number - start]
            del part  # so that the next one is made when this one is gone

    def _parts(self) -> Iterator[tuple[int, range]]:
        """Where each part starts and which frames of it to show, in order."""
        count = self.images.shape[0]
        starts = range(0, count, self.at_once)
        for start in starts:
            yield start, range(start, min(start + self.at_once, count))
        # on the way back parts are asked for once more, because keeping them would take more memory the longer the clip
        for start in reversed(starts) if self.pingpong else ():
            shown = range(max(start, 1), min(start + self.at_once, count - 1))
            if shown:
                yield start, shown[::-1]


def _whole_numbers(image: Tensor, deep: bool) -> np.ndarray:
    """A frame in 0..1 as bytes or pairs of bytes; what is no number becomes 0.

    In numpy and some rows at a time: one thread and its cache do, while the others belong to ffmpeg.
    """
    most = 65535.0 if deep else 255.0
    source = image.float().cpu().numpy()
    made = np.empty(source.shape, "<u2" if deep else np.uint8)
    rows = max(1, CACHED // max(1, source[0].size))
    for start in range(0, len(source), rows):
        part = np.multiply(source[start : start + rows], most)
        with np.errstate(all="ignore"):
            is_finite = np.isfinite(part.sum())
        if not is_finite:
            np.nan_to_num(part, copy=False, posinf=most, neginf=0.0)
        np.rint(np.clip(part, 0, most, out=part), out=part)
        np.copyto(made[start : start + rows], part, casting="unsafe")
    return made
