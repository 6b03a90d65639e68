"""Single pictures of a VIDEO by their numbers, one at a time, however large they are and wherever they lie."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import av.error
import comfy.model_management
import torch
from torch import Tensor

from ....motion.video import Choice
from .opening import opened
from .picture import Lying, target_size, write_picture
from .problems import VideoFramesError, readable
from .read import has_file, pictures_of
from .source import INDEXED, Source
from .whole import count_frames

PLAIN = {"h264", "hevc", "av1", "mpeg4", "mjpeg", "prores"}
"""Codecs in which a packet of a file with an index is a picture, so that none has to be decoded to count them."""


class Numbered:
    """The pictures of a VIDEO, which may be trimmed, counted from its first one."""

    def __init__(self, video: Any) -> None:
        self._video = video

    @cached_property
    def count(self) -> int:
        """How many there are.

        Raises:
            VideoFramesError: it cannot be read.
        """
        if self._times is not None:
            return len(self._times)
        return count_frames(self._video, Choice(), 0, 0).frames

    def pictures(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Some of them in the size the video has, upright and without transparency.

        Args:
            numbers: rising, the same one perhaps several times.

        Yields:
            (height, width, 3) in 0..1, for each number.

        Raises:
            VideoFramesError: the file is damaged, or ends before.
        """
        if not numbers:
            return
        if not has_file(self._video):
            images = self._video.get_components().images
            for number in numbers:
                yield images[number, ..., :3]
            return
        with readable(self._video), opened(self._video) as container:
            stream = pictures_of(container)
            source = Source(container, stream, self._video, *self._video.get_active_trim_window())
            aspect, lies = float(stream.sample_aspect_ratio or 0), Lying()
            every = (shown.picture for shown in source)
            found = enumerate(every) if self._times is None else self._placed(source, numbers)
            at, picture = -1, torch.empty(0)
            for number in numbers:
                while at < number:
                    at, frame = next(found, (number, None))
                    if frame is None or at > number:
                        raise VideoFramesError(f"The video is damaged: picture {number + 1} of it cannot be read.")
                    if at == number:
                        width, height = target_size(frame, aspect, 0, 0)
                        picture = torch.empty(height, width, 3)
                        write_picture(frame, aspect, picture, lies.of(frame))
                yield picture

    def _placed(self, source: Source, numbers: Sequence[int]) -> Iterator[tuple[int, Any]]:
        """Pictures and their numbers, from a place near the first of them on."""
        times = self._times or ()
        places = {time: number for number, time in enumerate(times)}
        wanted = set(numbers)
        for frame in source.frames_from(times[numbers[0]]):
            comfy.model_management.throw_exception_if_processing_interrupted()
            number = places.get(frame.pts, -1)
            if number in wanted:
                yield number, frame
            if number >= numbers[-1]:
                return

    @cached_property
    def _times(self) -> tuple[int, ...] | None:
        """When each picture is shown, in ticks of the file; None where only decoding tells which pictures there are."""
        if not has_file(self._video) or any(self._video.get_active_trim_window()):
            return None
        times: list[int] = []
        with readable(self._video), opened(self._video) as container:
            stream = pictures_of(container)
            indexed = INDEXED.intersection(container.format.name.split(","))
            if not indexed or stream.codec_context.name not in PLAIN:
                return None
            try:
                for packet in container.demux(stream):
                    if packet.size == 0:
                        continue
                    if packet.pts is None or packet.is_discard or packet.is_corrupt:
                        return None
                    times.append(packet.pts)
            except av.error.FFmpegError:
                return None
        return tuple(sorted(times)) if times and len(set(times)) == len(times) else None
