"""Clips of which single pictures are asked for, whatever they are stored as."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import comfy.model_management
import torch
from torch import Tensor

from ....motion.clips import ClipsError, fitted
from ....motion.video import Choice
from ..video import StillError, VideoFramesError, count_frames, pictures_at, read_still, readable_name


class Reel(Protocol):
    """The pictures of a clip; errors are reasons why the clip is left out."""

    @property
    def length(self) -> int:
        """How many there are."""
        ...

    def pictures(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Some of them in the size they have, (height, width, 1 to 4) in 0..1.

        Args:
            numbers: rising, the same one perhaps several times.
        """
        ...


@dataclass(frozen=True)
class VideoReel:
    """A VIDEO, of a file or in memory, trimmed or whole."""

    video: Any

    @property
    def length(self) -> int:
        """Counted by decoding it once: what files say of it is often a little wrong."""
        return self._counted

    @cached_property
    def _counted(self) -> int:
        try:
            return count_frames(self.video, Choice(), 0, 0).frames
        except VideoFramesError as error:
            raise _reason(error, self.video) from error

    def pictures(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Decoded from its beginning on."""
        try:
            yield from pictures_at(self.video, numbers)
        except VideoFramesError as error:
            raise _reason(error, self.video) from error


@dataclass(frozen=True)
class StillsReel:
    """Picture files in their order."""

    paths: tuple[str, ...]

    @property
    def length(self) -> int:
        """The files."""
        return len(self.paths)

    def pictures(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Read one by one."""
        for number in numbers:
            comfy.model_management.throw_exception_if_processing_interrupted()
            try:
                yield read_still(self.paths[number])
            except StillError as error:
                name = readable_name(os.path.basename(self.paths[number]))
                raise ClipsError(f"{name} cannot be read: {str(error).rstrip('.')}") from error


@dataclass(frozen=True, eq=False)
class ImagesReel:
    """Pictures in memory, (pictures, height, width, channels)."""

    images: Tensor

    @property
    def length(self) -> int:
        """Of the batch."""
        return self.images.shape[0]

    def pictures(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Views of the batch."""
        for number in numbers:
            yield self.images[number]


@dataclass(frozen=True)
class Fitted:
    """The frames of a clip in one size, of which only the small ones are in memory together."""

    reel: Reel
    size: tuple[int, int]
    """Height and width."""

    @property
    def length(self) -> int:
        """Of the clip."""
        return self.reel.length

    def frames(self, numbers: Sequence[int]) -> Tensor:
        """(frames, height, width, 3) in 0..1."""
        return torch.cat([fitted(picture[None], self.size) for picture in self.reel.pictures(numbers)])


def _reason(error: VideoFramesError, video: Any) -> ClipsError:
    """What is wrong, without the name of the file, which stands before it."""
    source = video.get_stream_source() if hasattr(video, "get_active_trim_window") else ""
    name = os.path.basename(source) if isinstance(source, str) else ""
    return ClipsError(str(error).removeprefix(f"{name}: ").rstrip("."))
