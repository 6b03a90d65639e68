"""Video files, each read by itself, whatever its name is and whatever it says."""

import contextlib
import errno
import math
import os
import stat
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.error

MICROSECOND = Fraction(1, av.time_base)
MOST_PIXELS = 1 << 27
"""Of a picture, four times 8K; a header that claims more is broken or has bad intentions."""
CONTAINERS = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,flv,gif,apng,asf,ogg,mxf,nut,ivf,dv,m4v,h264,hevc,obu,av1,mjpeg,mpjpeg,"
    "yuv4mpegpipe,rm,swf,vob,wtv,webp_pipe,png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,jpegxl_pipe,jpegxl_anim,wav,mp3,flac,"
    "aac,aiff,caf"
)
"""Formats that hold what they show. Playlists, and whatever else names further files or addresses, are none of them."""


def opened(video: Any) -> Any:
    """The container of a VIDEO; texts in it that are no UTF-8 do not matter.

    Raises:
        OSError: it is no file.
    """
    source = video.get_stream_source()
    if isinstance(source, str | os.PathLike):
        # a name may look like an address or a command to FFmpeg
        mode = os.stat(source).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "It is a folder")
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "It is no file")
        source = f"file:{os.fspath(source)}"
    alone = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
    return av.open(source, metadata_errors="replace", container_options=alone)


def seconds(number: int | None, base: Any) -> float | None:
    """A time of a file, None if it does not say."""
    return None if number is None or not base else float(number * base)


@dataclass(frozen=True)
class Measured:
    """How long a stream is, by what is in it."""

    packets: int
    """Which hold one picture each, but for damaged files."""
    seconds: float


def measured(video: Any, index: int) -> Measured:
    """Go through a file without decoding it.

    Args:
        index: of the stream.
    """
    packets, first, end = 0, math.inf, 0.0
    with opened(video) as container, contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(container.streams[index]):
            packets += packet.size > 0
            time = seconds(packet.pts, packet.time_base)
            if time is not None:
                first = min(first, time)
                end = max(end, time + (seconds(packet.duration, packet.time_base) or 0.0))
    return Measured(packets, max(0.0, end - first))
