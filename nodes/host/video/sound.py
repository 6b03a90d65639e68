"""The sound of a part of a video file, on the clock of its pictures."""

import contextlib
from collections.abc import Iterator
from typing import Any

import av
import av.error
import numpy as np
import torch

from .opening import seconds

JITTER = 0.05
"""Seconds by which the times of sound are off in files that round them; a gap longer than that is silence."""


def read_sound(container: Any, begin: float, duration: float, track: int = 0) -> dict[str, Any] | None:
    """The host's AUDIO from a moment on, None if there is none that can be decoded.

    Args:
        begin: seconds on the file's clock.
        duration: seconds at most; it is shorter if the sound ends earlier.
        track: which of several sounds that can be decoded, counted from 0; the last one if there are fewer.
    """
    tracks = tracks_of(container)
    if not tracks:
        return None
    stream = tracks[min(track, len(tracks) - 1)]
    with contextlib.suppress(av.error.FFmpegError):
        container.seek(int(begin / stream.time_base), stream=stream)
    parts: list[tuple[int, np.ndarray]] = []
    rate, due = 0, 0.0
    for frame in decoded_sound(container, stream):
        rate = rate or frame.sample_rate
        time = seconds(frame.pts, frame.time_base)
        time = due if time is None or (parts and abs(time - due) < JITTER) else time
        due = time + frame.samples / rate
        if time >= begin + duration:
            break
        if due > begin:
            parts.append((round((time - begin) * rate), frame.to_ndarray()))
    return _joined(parts, rate, round(duration * rate))


def tracks_of(container: Any) -> list[Any]:
    """The sounds in a file that can be decoded."""
    return [stream for stream in container.streams.audio if stream.codec_context is not None and stream.time_base]


def decoded_sound(container: Any, stream: Any) -> Iterator[Any]:
    """Decoded sound in one form; what cannot be decoded is left out."""
    resampler: Any = None
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            frames = [] if packet is None else packet.decode()
        except av.error.FFmpegError:
            continue
        for frame in frames:
            # the form of the first frame, whatever the stream changes to
            resampler = resampler or av.AudioResampler("fltp", frame.layout.name, frame.sample_rate)
            yield from resampler.resample(frame)
        if packet is None:
            return


def _joined(parts: list[tuple[int, np.ndarray]], rate: int, length: int) -> dict[str, Any] | None:
    """Pieces at their places, with silence where there is none."""
    ends = [min(length, place + samples.shape[1]) for place, samples in parts]
    if max(ends, default=0) <= 0:
        return None
    joined = torch.zeros(1, parts[0][1].shape[0], max(ends))
    for (place, samples), end in zip(parts, ends, strict=True):
        start = max(0, place)
        if end > start:
            joined[0, :, start:end] = torch.from_numpy(samples[:, start - place : end - place])
    return {"waveform": joined, "sample_rate": rate}
