"""Single pictures of a VIDEO by their numbers, one at a time, however large they are."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from .opening import opened
from .picture import Lying, target_size, write_picture
from .problems import VideoFramesError, readable
from .read import has_file, pictures_of
from .source import Source


def pictures_at(video: Any, numbers: Iterable[int]) -> Iterator[Tensor]:
    """Pictures in the size the video has, upright and without transparency.

    Args:
        video: the host's VIDEO, which may be trimmed.
        numbers: counted from its first picture, rising, the same one perhaps several times.

    Yields:
        (height, width, 3) in 0..1, for each number.

    Raises:
        VideoFramesError: the file is damaged, or ends before.
    """
    if not has_file(video):
        images = video.get_components().images
        for number in numbers:
            if number >= images.shape[0]:
                raise _ended(images.shape[0], number)
            yield images[number, ..., :3]
        return
    with readable(video):
        yield from _of_file(video, numbers)


def _of_file(video: Any, numbers: Iterable[int]) -> Iterator[Tensor]:
    with opened(video) as container:
        stream = pictures_of(container)
        source = Source(container, stream, video, *video.get_active_trim_window())
        aspect, lies = float(stream.sample_aspect_ratio or 0), Lying()
        shown = enumerate(source)
        at, picture = -1, torch.empty(0)
        for number in numbers:
            while at < number:
                following = next(shown, None)
                if following is None:
                    raise _ended(at + 1, number)
                at, frame = following[0], following[1].picture
                if at == number:
                    width, height = target_size(frame, aspect, 0, 0)
                    picture = torch.empty(height, width, 3)
                    write_picture(frame, aspect, picture, lies.of(frame))
            yield picture


def _ended(there: int, number: int) -> VideoFramesError:
    return VideoFramesError(f"The video has {there} pictures, and picture {number + 1} is asked for.")
