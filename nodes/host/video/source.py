"""The pictures in a video file, in the order and at the times in which they are shown."""

import contextlib
import math
import os
import re
from collections.abc import Generator, Iterator
from typing import Any

import av
import av.error
import comfy.model_management
import numpy as np
from PIL import Image, ImageSequence

from ....motion.video import Shown
from .opening import MICROSECOND, opened, seconds

ENCODER_DELAY = 0.25
"""Seconds between the start of a file and its first picture that come from how it is packed; more is meant so."""
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""What reads transparency that the usual decoder passes over."""
ROUNDED = 0.001
"""Seconds to which many files round their times."""
LEAST_MISSING = 0.2
"""Seconds of pictures that are not there before it is worth a word."""
MOST_A_SECOND = 1000.0
LONGEST_HELD = 600.0
"""Seconds; where times leap further, or back, the file goes on with another clock."""
EXACT = 0.005
"""Seconds by which a video at a steady rate may be off, beside what files round times to."""
WORTH_A_JUMP = 2.0
"""Seconds of video that take longer to decode than a place takes to find."""
INDEXED = {"mov", "matroska"}
"""Formats with one clock and a list of places in it."""
MOST_THREADS = 8
"""Of a decoder; each holds a picture."""


class Source:
    """The pictures of an open file within a window.

    Args:
        video: the VIDEO that is open.
        begin, duration: seconds from the start of the file, whatever its clock shows there; a duration of 0 ends
            nowhere.
    """

    def __init__(self, container: Any, stream: Any, video: Any, begin: float, duration: float) -> None:
        self._container, self._stream, self._video = container, stream, video
        self._start = start = self._origin()
        self._begin = start + begin if begin > 0 else -math.inf
        self._end = start + begin + duration if duration > 0 else math.inf
        said = [float(rate or 0) for rate in (stream.average_rate, stream.guessed_rate)]
        self.rates = [rate for rate in said if 0 < rate <= MOST_A_SECOND] or [1.0]
        """Pictures a second, as the file says and as its times look like."""
        self.rate = self.rates[0]
        whole = seconds(stream.duration, stream.time_base) or seconds(container.duration, MICROSECOND) or 0.0
        self.whole = whole
        """Seconds of the file, trimmed or not; 0 if it does not say."""
        self.tick = float(stream.time_base or 0)
        """Seconds to which the file rounds its times."""
        self.lasting = duration or max(0.0, whole - max(0.0, begin))
        """Seconds, as the file says."""
        self.zero = 0.0
        """When the first picture is shown, on the file's clock, once it was read."""
        self._first: int | None = None
        self._late: int | None = None
        self.damaged = 0
        """Pieces that could not be decoded, or that are known to be incomplete."""
        self.missing = 0.0
        """Seconds by which the pictures ended before the file says they do, once all were read."""
        self.is_whole = begin <= 0 and duration <= 0
        """Whether the window leaves nothing out."""
        self._jump = 0.0

    def steady_rate(self, pictures: int, lasting: float) -> float | None:
        """The rate of the file at which so many pictures last so many seconds, None if they do at none of its own."""
        fitting = (rate for rate in self.rates if abs(lasting - pictures / rate) < EXACT + self.tick)
        return next(fitting, None)

    def jump(self, time: float) -> None:
        """Begin with the picture that is on the screen so many seconds after the first one, if that saves time."""
        # elsewhere the clock may leap, or there is nothing to find a place with
        steady = INDEXED.intersection(self._container.format.name.split(","))
        self._jump = time if steady and time >= WORTH_A_JUMP else 0.0

    def frames_from(self, tick: int) -> Iterator[Any]:
        """Frames as they are decoded, from a time in ticks of the file on or from before it, whatever the window is."""
        yield from self._found(self._container, tick * self.tick)

    def __iter__(self) -> Iterator[Shown[Any]]:
        """Every picture with its times from the first one on; a picture ends where the next one starts."""
        if self._jump:
            yield from self._after_jump()
        else:
            yield from self._shown(self._frames(), None)

    def _after_jump(self) -> Iterator[Shown[Any]]:
        """Pictures from a place on, their times still counted from the first one."""
        frames = self._frames()
        first = next((frame for frame in frames if (frame.time or 0.0) >= self._begin - ROUNDED), None)
        frames.close()
        zero = None if first is None else first.time
        place = None if zero is None else zero + self._jump
        with opened(self._video) as container:
            yield from self._shown(self._found(container, place) if place is not None else self._frames(), zero)

    def _shown(self, frames: Iterator[Any], zero: float | None) -> Iterator[Shown[Any]]:
        """Frames with their times.

        Args:
            zero: when the first picture of the window is shown, if these do not begin with it.
        """
        usual = 1.0 / self.rate
        held: tuple[float, Any] | None = None
        last: float | None = None
        leapt = 0.0
        for frame in frames:
            comfy.model_management.throw_exception_if_processing_interrupted()
            due = self._start if last is None else last + usual
            time = self._time(frame)
            time = due if time is None else time + leapt
            if last is not None and not last <= time <= last + LONGEST_HELD:
                leapt, time = leapt + due - time, due
            last = time
            if time < self._begin - ROUNDED or time >= self._end - ROUNDED:
                continue
            if held is None:
                self.zero = time if zero is None else zero
            else:
                yield Shown(held[0] - self.zero, time - self.zero, held[1])
            held = (time, frame)
        if held is not None:
            lasts = min(seconds(held[1].duration, held[1].time_base) or usual, LONGEST_HELD)
            ends = max(min(held[0] + lasts, self._end), held[0] + ROUNDED)
            if not math.isfinite(self._begin) and not math.isfinite(self._end):
                early = _declared(self._stream) - max(ends, ends - self.zero)
                self.missing = early if early > max(LEAST_MISSING, 2.5 * usual) else 0.0
            yield Shown(held[0] - self.zero, ends - self.zero, held[1])

    def _time(self, frame: Any) -> float | None:
        """When a picture is shown, None if nobody knows."""
        if self._container.format.name != "avi":
            return frame.time
        # AVI has the times of packets alone; pictures come out as evenly, some packets later
        if frame.dts is None:
            return None
        if self._late is None:
            self._late = frame.dts - (self._first or 0)
        return seconds(frame.dts - self._late, frame.time_base)

    def _origin(self) -> float:
        """The start of the file on its own clock."""
        first = seconds(self._stream.start_time, self._stream.time_base)
        start = seconds(self._container.start_time, MICROSECOND)
        if first is None or start is None:
            return first or start or 0.0
        return first if 0 <= first - start < ENCODER_DELAY else start

    def _frames(self) -> Generator[Any, None, None]:
        if self._container.format.name == "webp_pipe":
            yield from _animation(self._video.get_stream_source())
            return
        if not math.isfinite(self._begin):
            yield from self._decoded(self._container, self._stream)
            return
        yield from self._found(self._container, self._begin)

    def _found(self, container: Any, place: float) -> Generator[Any, None, None]:
        """Frames from a place on, or from before it."""
        frames = self._decoded(container, container.streams[self._stream.index], place)
        first = next(frames, None)
        if first is not None and (self._time(first) or 0.0) <= place + ROUNDED and not first.is_corrupt:
            yield first
            yield from frames
            return
        # a file without an index may be found behind the place or in the middle of what belongs together
        frames.close()
        with opened(self._video) as container:
            yield from self._decoded(container, container.streams[self._stream.index])

    def _decoded(self, container: Any, stream: Any, begin: float | None = None) -> Generator[Any, None, None]:
        decoder = _decoder(stream)
        self._first = None
        if begin is not None:
            with contextlib.suppress(av.error.FFmpegError):
                container.seek(int(begin / stream.time_base), stream=stream)
        packets = container.demux(stream)
        done = False
        while not done:
            try:
                packet = next(packets, None)
                done = packet is None or (packet.size == 0 and packet.dts is None)
                self._first = packet.dts if self._first is None and packet is not None else self._first
                self.damaged += packet is not None and packet.is_corrupt
                frames = [] if packet is not None and packet.size == 0 and not done else decoder.decode(packet)
            except av.error.FFmpegError:
                self.damaged += 1
                continue
            yield from frames


def _declared(stream: Any) -> float:
    """Seconds of pictures in a file as it says, 0 if it does not."""
    said = {key.upper(): value for key, value in stream.metadata.items()}.get("DURATION", "")
    parts = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", said)
    if parts is not None:
        return 3600 * int(parts[1]) + 60 * int(parts[2]) + float(parts[3])
    return seconds(stream.duration, stream.time_base) or 0.0


def _decoder(stream: Any) -> Any:
    context = stream.codec_context
    context.thread_type = "AUTO"
    context.thread_count = min(MOST_THREADS, os.cpu_count() or 1)
    alpha = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode")
    name = ALPHA_DECODERS.get(context.name)
    if alpha != "1" or name not in av.codecs_available:
        return context
    decoder = av.CodecContext.create(name, "r")
    decoder.extradata = context.extradata
    return decoder


def _animation(file: Any) -> Iterator[Any]:
    """The pictures of an animated WebP, of which FFmpeg reads still ones alone."""
    with Image.open(file, formats=("WEBP",)) as picture:
        time = 0
        for page in ImageSequence.Iterator(picture):
            frame = av.VideoFrame.from_ndarray(np.asarray(page.convert("RGBA")), format="rgba")
            frame.pts, frame.time_base = time, MICROSECOND
            frame.duration = 1000 * int(page.info.get("duration") or 100)
            time += frame.duration
            yield frame
