"""Frames and sound of a VIDEO; only those a clip needs are kept, in the size it has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import av
import av.error
import comfy.model_management
import comfy.utils
import numpy as np
import torch
from comfy_api.latest import Input
from torch import Tensor

from ....motion.video import Choice, Shown, chosen, clip_size
from ..memory import shortage
from ..notices import notice


class VideoFramesError(ValueError):
    """A video that cannot be read, or that has no such frames."""


@dataclass(frozen=True)
class VideoFrames:
    """A clip that was read."""

    images: Tensor
    """(frames, height, width, 3) in 0..1."""
    rate: float
    """Frames per second at which it plays as fast as the video."""
    sound: Mapping[str, Any] | None
    """The host's AUDIO, of the same length."""


def read_frames(video: Any, choice: Choice, width: int, height: int) -> VideoFrames:
    """Read the frames of a clip.

    Args:
        video: the host's VIDEO.
        width, height: pixels to crop and resize to; 0 follows from the other one or from the video.

    Raises:
        VideoFramesError: the file is damaged or has no such frames, or they would not fit into memory.
    """
    try:
        if type(video).get_stream_source is Input.Video.get_stream_source:
            # no file behind it: asking for one would compress frames that are in memory
            return _of_memory(video.get_components(), choice, width, height)
        return _of_file(video, choice, width, height)
    except av.error.FFmpegError as error:
        raise VideoFramesError(
            f"The video cannot be read ({error.strerror}). It may be incomplete; convert or download it again."
        ) from error


def _of_file(video: Any, choice: Choice, width: int, height: int) -> VideoFrames:
    begin, duration = video.get_active_trim_window()
    lasting = duration or max(0.0, float(video.get_duration()))
    with _opened(video) as container:
        if not container.streams.video:
            raise VideoFramesError("The file has sound but no pictures. Choose a video.")
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 1)
        pictures = _collect(_shown(container, stream, begin, duration), choice, lasting, rate, width, height)
    looked_at = choice.rate or rate
    sound = _sound(video, begin + choice.skip / looked_at, pictures.shape[0] * choice.every / looked_at)
    return VideoFrames(pictures, looked_at / choice.every, sound)


def _of_memory(components: Any, choice: Choice, width: int, height: int) -> VideoFrames:
    rate = float(components.frame_rate)
    images = components.images
    shown = (Shown(number / rate, (number + 1) / rate, image[..., :3]) for number, image in enumerate(images))
    pictures = _collect(shown, choice, images.shape[0] / rate, rate, width, height)
    looked_at = choice.rate or rate
    sound = None
    if components.audio is not None:
        samples, per_second = components.audio["waveform"], components.audio["sample_rate"]
        begin, end = choice.skip / looked_at, (choice.skip + pictures.shape[0] * choice.every) / looked_at
        samples = samples[..., round(begin * per_second) : round(end * per_second)]
        sound = {"waveform": samples, "sample_rate": per_second}
    return VideoFrames(pictures, looked_at / choice.every, sound)


def _opened(video: Any) -> Any:
    return av.open(video.get_stream_source())


def _shown(container: Any, stream: Any, begin: float, duration: float) -> Iterator[Shown[Any]]:
    """Every picture with its times from the first one on; a picture ends where the next one starts."""
    if begin:
        container.seek(int(begin / stream.time_base), stream=stream)
    usual = 1.0 / float(stream.average_rate or 1)
    zero: float | None = None
    held: tuple[float, Any] | None = None
    for frame in container.decode(stream):
        comfy.model_management.throw_exception_if_processing_interrupted()
        time = float(frame.time if frame.time is not None else (held[0] + usual if held else 0.0))
        if time < begin or (duration and time >= begin + duration):
            continue
        zero = time if zero is None else zero
        if held is not None:
            yield Shown(held[0] - zero, time - zero, held[1])
        held = (time, frame)
    if held is not None and zero is not None:
        yield Shown(held[0] - zero, held[0] - zero + usual, held[1])


def _collect(
    shown: Iterator[Shown[Any]], choice: Choice, lasting: float, rate: float, width: int, height: int
) -> Tensor:
    """The pictures of the clip as one tensor, written where they stay.

    Args:
        lasting, rate: seconds and pictures a second of the video, as it says itself.
    """
    found = torch.empty(0, 0, 0, 3)
    last: tuple[Any, Tensor] | None = None
    count = 0
    for picture in chosen(shown, choice):
        if last is None or last[0] is not picture:
            last = picture, _sized(picture, width, height)
        if count == found.shape[0]:
            # files tell only about how long they are
            expected = max(choice.needed(lasting, rate), 1) if count == 0 else count + max(16, count // 4)
            found = _longer(found, last[1], expected)
        found[count] = last[1]
        count += 1
    if count == 0:
        raise VideoFramesError(
            f"The video lasts {lasting:.2f} seconds and ends before frame {choice.skip} at {choice.rate or rate:g} a "
            "second. Lower skip_frames."
        )
    if count < choice.count:
        notice(f"The video has only {count} such frames; {choice.count} were asked for.")
    return found[:count]


def _longer(found: Tensor, picture: Tensor, length: int) -> Tensor:
    short = shortage(length, picture.shape[1], picture.shape[0])
    if short is not None:
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        raise VideoFramesError(
            f"{length} frames of {size} take {short[0]:.1f} GB, but {short[1]:.1f} GB of memory are free. Set "
            "frames, width and height, or raise every_nth."
        )
    longer = torch.empty((length, *picture.shape))
    longer[: found.shape[0]] = found if found.shape[0] else 0
    return longer


def _sized(picture: Any, width: int, height: int) -> Tensor:
    """A picture, decoded or still to be, upright, cropped in its middle and resized: (height, width, 3) in 0..1."""
    if not isinstance(picture, Tensor):
        array = np.rot90(picture.to_ndarray(format="rgb24"), round(picture.rotation / 90))
        picture = torch.from_numpy(np.ascontiguousarray(array)).float().div_(255.0)
    wide, high = clip_size((picture.shape[1], picture.shape[0]), width, height)
    if (high, wide) == picture.shape[:2]:
        return picture
    method = "area" if wide * high <= picture.shape[0] * picture.shape[1] else "bicubic"
    resized = comfy.utils.common_upscale(picture.movedim(-1, 0)[None], wide, high, method, "center")
    return resized[0].movedim(0, -1).clamp_(0.0, 1.0)


def _sound(video: Any, begin: float, duration: float) -> dict[str, Any] | None:
    """The sound of a part of the video in seconds, None if there is none that can be decoded."""
    with _opened(video) as container:
        stream = next((stream for stream in container.streams.audio if stream.codec_context is not None), None)
        if stream is None:
            return None
        resampler = av.AudioResampler(format="fltp")
        container.seek(int(begin / stream.time_base), stream=stream)
        parts: list[np.ndarray] = []
        first = 0.0
        for frame in container.decode(stream):
            if frame.time is not None and frame.time > begin + duration:
                break
            first = float(frame.time or 0.0) if not parts else first
            parts += [part.to_ndarray() for part in resampler.resample(frame)]
        rate = int(stream.sample_rate)
    if not parts:
        return None
    samples = torch.from_numpy(np.concatenate(parts, axis=1))
    start = round((begin - first) * rate)
    # sound that sets in later than the pictures starts with silence
    samples = torch.nn.functional.pad(samples, (-start, 0)) if start < 0 else samples[:, start:]
    return {"waveform": samples[None, :, : round(duration * rate)], "sample_rate": rate}
