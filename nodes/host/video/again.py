"""A VIDEO that is saved once more: its frames piece by piece, however long it is, and its sound."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import av.error
import numpy as np
import torch
from torch import Tensor

from ....motion.video import Choice, Heard, Pictures, Shown, Sound, chosen
from .opening import opened, seconds
from .picture import Lying, lying, target_size, write_picture
from .problems import VideoFramesError, readable
from .read import has_file, pictures_of
from .sound import JITTER, decoded_sound, tracks_of
from .source import Source

PART_BYTES = 32 << 20
"""Of the frames that are decoded together."""
FLOAT_BYTES = 4


@dataclass(frozen=True)
class Again:
    """Frames and sound of a VIDEO."""

    images: Pictures
    rate: float
    sound: Heard | None
    at_once: int = 1


def saved_again(video: Any, rate: float) -> Again:
    """The frames of a whole VIDEO, at its own rate or another one; it lasts as long as before.

    Args:
        rate: frames per second, 0 for those of the video.

    Raises:
        VideoFramesError: the video cannot be read.
    """
    if not has_file(video):
        return _of_memory(video.get_components(), rate)
    with readable(video):
        return _of_file(video, rate)


def _of_memory(components: Any, rate: float) -> Again:
    images, own, audio = components.images, float(components.frame_rate), components.audio
    opacity = getattr(components, "alpha", None)
    if opacity is not None and images.shape[-1] == 3:
        images = torch.cat((images, opacity.reshape(*images.shape[:3], 1)), dim=-1)
    sound = None if audio is None else Sound(audio["waveform"][0], int(audio["sample_rate"]))
    if not rate or rate == own:
        return Again(images, own, sound)
    shown = (Shown(number / own, (number + 1) / own, number) for number in range(images.shape[0]))
    return Again(_Picked(images, [*chosen(shown, Choice(rate))]), rate, sound)


class _Picked:
    """Some of many frames, in an order in which they may repeat."""

    def __init__(self, images: Tensor, numbers: list[int]) -> None:
        self._images, self._numbers = images, numbers
        self.shape = (len(numbers), *images.shape[1:])

    def __getitem__(self, part: slice) -> Tensor:
        return self._images[self._numbers[part]]


def _of_file(video: Any, rate: float) -> Again:
    with opened(video) as container:
        stream = pictures_of(container)
        source = Source(container, stream, video, *video.get_active_trim_window())
        aspect = float(stream.sample_aspect_ratio or 0)
        times: list[Shown[int]] = []
        look: tuple[int, int, bool] | None = None
        for picture in source:
            if look is None:
                look = _look(picture.picture, aspect)
            times.append(Shown(picture.start, picture.end, len(times)))
    if look is None:
        raise VideoFramesError("The video has no pictures here that can be read. It may be incomplete.")
    rate, numbers = _timed(times, rate, source)
    width, height, transparent = look
    images = _Decoded(video, numbers, (height, width, 4 if transparent else 3), aspect)
    sound = _sound_of(video, source.zero, len(numbers) / rate)
    return Again(images, rate, sound, max(1, PART_BYTES // (FLOAT_BYTES * width * height * images.shape[3])))


def _timed(times: list[Shown[int]], rate: float, source: Source) -> tuple[float, list[int]]:
    """Frames a second and which picture each frame is."""
    if not rate:
        lasting = times[-1].end
        found = source.steady_rate(len(times), lasting)
        if found is not None:
            return found, [*range(len(times))]
        # pictures stay for different times: a steady rate that keeps each at its time, within a frame
        rate = min(max(len(times) / lasting if lasting > 0 else source.rate, source.rate), 240.0)
    return rate, [*chosen(times, Choice(rate))]


def _look(frame: Any, aspect: float) -> tuple[int, int, bool]:
    """Width, height and whether there is transparency."""
    width, height = target_size(frame, aspect, 0, 0)
    return width, height, write_picture(frame, aspect, torch.empty(height, width, 3), lying(frame)) is not None


class _Decoded:
    """The frames of a file, decoded when they are asked for; going back starts the file again."""

    def __init__(self, video: Any, numbers: list[int], size: tuple[int, int, int], aspect: float) -> None:
        self._video, self._numbers, self._aspect = video, numbers, aspect
        self.shape: Sequence[int] = (len(numbers), *size)
        self._pictures: Iterator[tuple[int, Any]] = iter(())
        self._at: tuple[int, Any] = (-1, None)
        self._lies = Lying()

    def __getitem__(self, part: slice) -> Tensor:
        numbers = self._numbers[part]
        made = torch.empty(len(numbers), *self.shape[1:])
        for place, number in enumerate(numbers):
            self._write(number, made[place])
        return made

    def _write(self, number: int, picture: Tensor) -> None:
        if self._at[1] is None or self._at[0] > number:
            self._pictures, self._at = self._all(), (-1, None)
        while self._at[0] < number:
            following = next(self._pictures, None)
            if following is None:
                raise VideoFramesError("The video ended earlier than before: the file was changed while it was read.")
            self._at = following
        opacity = write_picture(self._at[1], self._aspect, picture[..., :3], self._lies.of(self._at[1]))
        if picture.shape[-1] == 4:
            picture[..., 3] = 1.0 if opacity is None else opacity

    def _all(self) -> Iterator[tuple[int, Any]]:
        with opened(self._video) as container:
            stream = pictures_of(container)
            source = Source(container, stream, self._video, *self._video.get_active_trim_window())
            for number, picture in enumerate(source):
                yield number, picture.picture


def _sound_of(video: Any, begin: float, duration: float) -> Heard | None:
    """The sound of a file, None if there is none that can be decoded."""
    with opened(video) as container:
        tracks = tracks_of(container)
        frame = next(decoded_sound(container, tracks[0]), None) if tracks else None
        if frame is None:
            return None
        return _FileSound(video, begin, duration, frame.sample_rate, len(frame.layout.channels))


@dataclass(frozen=True)
class _FileSound:
    """Sound that is decoded whenever somebody asks for it, on the clock of the pictures."""

    video: Any
    begin: float
    duration: float
    """Seconds at most."""
    rate: int
    channels: int

    def parts(self) -> Iterator[np.ndarray]:
        """Pieces that follow one another, (samples, channels) float32."""
        written, wanted = 0, round(self.duration * self.rate)
        with opened(self.video) as container:
            stream = tracks_of(container)[0]
            with contextlib.suppress(av.error.FFmpegError):
                container.seek(int(self.begin / stream.time_base), stream=stream)
            due: float | None = None
            for frame in decoded_sound(container, stream):
                time = seconds(frame.pts, frame.time_base)
                time = due if due is not None and (time is None or abs(time - due) < JITTER) else time or 0.0
                due = time + frame.samples / self.rate
                place = round((time - self.begin) * self.rate)
                samples = frame.to_ndarray().T[max(0, written - place) :]
                gap = min(place - written, wanted - written)
                if gap > 0:
                    yield np.zeros((gap, self.channels), np.float32)
                    written += gap
                samples = samples[: wanted - written]
                if len(samples):
                    yield np.ascontiguousarray(samples, np.float32)
                    written += len(samples)
                if written >= wanted:
                    return
