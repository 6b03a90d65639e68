"""Clips of which single pictures are asked for, whatever they are stored as."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import comfy.model_management
import torch
from torch import Tensor

from ....motion.clips import ClipsError, fitted
from ..video import Numbered, StillError, VideoFramesError, has_file, read_still, readable_name


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


class VideoReel:
    """A VIDEO, of a file or in memory, trimmed or whole."""

    def __init__(self, video: Any) -> None:
        self._video, self._numbered = video, Numbered(video)

    @property
    def length(self) -> int:
        """Counted: what files say of it is often a little wrong."""
        try:
            return self._numbered.count
        except VideoFramesError as error:
            raise _reason(error, self._video) from error

    def pictures(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Decoded from a place near the first one on, if the file has an index."""
        try:
            yield from self._numbered.pictures(numbers)
        except VideoFramesError as error:
            raise _reason(error, self._video) from error


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
    source = video.get_stream_source() if has_file(video) else ""
    name = os.path.basename(source) if isinstance(source, str) else ""
    return ClipsError(str(error).removeprefix(f"{name}: ").rstrip("."))
