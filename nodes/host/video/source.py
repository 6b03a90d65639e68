"""The pictures in a video file, in the order and at the times in which they are shown."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import av
import av.error
import comfy.model_management
import numpy as np
from av.sidedata.sidedata import Type
from PIL import Image, ImageSequence

from ....motion.video import Orientation, Shown, orientation

ENCODER_DELAY = 0.25
"""Seconds between the start of a file and its first picture that come from how it is packed; more is meant so."""
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""What reads transparency that the usual decoder passes over."""
ROUNDED = 0.001
"""Seconds to which many files round their times."""
PLAYS_AS_BT709 = (1280, 577)
"""Width or height from which players take untagged colours for BT.709."""
BT709, UNTAGGED = 1, 2
MOST_A_SECOND = 1000.0


def opened(video: Any) -> Any:
    """The container of a VIDEO; texts in it that are no UTF-8 do not matter."""
    return av.open(video.get_stream_source(), metadata_errors="replace")


def seconds(number: int | None, base: Any) -> float | None:
    """A time of a file, None if it does not say."""
    return None if number is None or not base else float(number * base)


class Source:
    """The pictures of an open file within a window.

    Args:
        begin, duration: seconds from the start of the file, whatever its clock shows there; a duration of 0 ends
            nowhere.
    """

    def __init__(self, container: Any, stream: Any, begin: float, duration: float) -> None:
        self._container, self._stream = container, stream
        start = self._origin()
        self._begin = start + begin if begin > 0 else -math.inf
        self._end = start + begin + duration if duration > 0 else math.inf
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        self.rate = rate if 0 < rate <= MOST_A_SECOND else 1.0
        """Pictures a second, as the file says."""
        whole = seconds(stream.duration, stream.time_base) or seconds(container.duration, 1 / av.time_base) or 0.0
        self.lasting = duration or max(0.0, whole - max(0.0, begin))
        """Seconds, as the file says."""
        self.zero = 0.0
        """When the first picture is shown, on the file's clock, once it was read."""
        self.damaged = 0
        """Pieces that could not be decoded."""

    def __iter__(self) -> Iterator[Shown[Any]]:
        """Every picture with its times from the first one on; a picture ends where the next one starts."""
        usual = 1.0 / self.rate
        held: tuple[float, Any] | None = None
        first = True
        for frame in self._frames():
            comfy.model_management.throw_exception_if_processing_interrupted()
            time = frame.time if frame.time is not None else (held[0] + usual if held else 0.0)
            if time < self._begin - ROUNDED or time >= self._end - ROUNDED:
                continue
            if first:
                self.zero, first = time, False
            if held is not None:
                yield Shown(held[0] - self.zero, time - self.zero, held[1])
            held = (time, frame)
        if held is not None:
            lasts = seconds(held[1].duration, held[1].time_base) or usual
            # a picture alone may last long; a duration beyond the file's own is a fault
            ends = min(held[0] + min(lasts, max(usual, self.lasting)), max(self._end, held[0] + ROUNDED))
            yield Shown(held[0] - self.zero, ends - self.zero, held[1])

    def _origin(self) -> float:
        """The start of the file on its own clock."""
        first = seconds(self._stream.start_time, self._stream.time_base)
        start = seconds(self._container.start_time, 1 / av.time_base)
        if first is None or start is None:
            return first or start or 0.0
        return first if 0 <= first - start < ENCODER_DELAY else start

    def _frames(self) -> Iterator[Any]:
        if self._container.format.name == "webp_pipe":
            yield from self._animation()
            return
        decoder = self._decoder()
        if self._begin > 0 and math.isfinite(self._begin):
            # a file without an index is read from its start
            with contextlib.suppress(av.error.FFmpegError):
                self._container.seek(int(self._begin / self._stream.time_base), stream=self._stream)
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                frames = [] if packet is None else decoder.decode(packet if packet.size else None)
            except av.error.FFmpegError:
                self.damaged += 1
                if self.damaged > 1000:
                    return
                continue
            yield from frames
            if packet is None:
                return

    def _decoder(self) -> Any:
        stream = self._stream
        stream.thread_type = "AUTO"
        context = stream.codec_context
        alpha = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode")
        name = ALPHA_DECODERS.get(context.name)
        if alpha != "1" or name not in av.codecs_available:
            return context
        decoder = av.CodecContext.create(name, "r")
        decoder.extradata = context.extradata
        return decoder

    def _animation(self) -> Iterator[Any]:
        """Animated WebP, of which FFmpeg reads still pictures alone."""
        file = self._container.name
        with Image.open(self._file or file) as picture:
            time = 0
            for page in ImageSequence.Iterator(picture):
                frame = av.VideoFrame.from_ndarray(np.asarray(page.convert("RGBA")), format="rgba")
                frame.pts, frame.time_base = time, 1 / av.time_base
                frame.duration = 1000 * int(page.info.get("duration") or 100)
                time += frame.duration
                yield frame
