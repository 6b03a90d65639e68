"""Frames and sound of a VIDEO; only those a clip needs are kept, in the size it has."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from av.stream import Disposition
from comfy_api.latest import Input
from torch import Tensor

from ....motion.video import Choice, Shown, chosen, clip_size
from ..memory import shortage
from ..notices import notice
from .picture import fitted, target_size, write_picture
from .sound import read_sound
from .source import Source, opened

EXACT = 0.005
"""Seconds by which a clip at a steady rate may be off, beside what files round times to."""


class VideoFramesError(ValueError):
    """A video that cannot be read, or that has no such frames."""


@dataclass(frozen=True)
class VideoFrames:
    """A clip that was read."""

    images: Tensor
    """(frames, height, width, 3) in 0..1."""
    mask: Tensor
    """(frames, height, width): 1 where the video is transparent, as the host's own loaders have it."""
    rate: float
    """Frames per second at which it plays as fast as the video."""
    sound: Mapping[str, Any] | None
    """The host's AUDIO, of the same length."""


Write = Callable[[Any, Tensor], Tensor | None]
"""Writes a picture to (height, width, 3) and answers its opacity, (height, width), None if it is opaque."""


def read_frames(video: Any, choice: Choice, width: int, height: int) -> VideoFrames:
    """Read the frames of a clip.

    Args:
        video: the host's VIDEO.
        width, height: pixels to crop and resize to; 0 follows from the other one or from the video.

    Raises:
        VideoFramesError: the file is damaged or has no such frames, or they would not fit into memory.
    """
    if not has_file(video):
        return _of_memory(video.get_components(), choice, width, height)
    with readable(video):
        return _of_file(video, choice, width, height)


def has_file(video: Any) -> bool:
    """Whether a VIDEO is a file; asking for one would compress frames that are in memory."""
    return type(video).get_stream_source is not Input.Video.get_stream_source


@contextlib.contextmanager
def readable(video: Any) -> Iterator[None]:
    """Say in words what is wrong with which file."""
    source = video.get_stream_source()
    name = f"{Path(source).name}: " if isinstance(source, str | os.PathLike) else ""
    try:
        yield
    except VideoFramesError as error:
        raise VideoFramesError(f"{name}{error}") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        reason = f"{name}The video cannot be read ({error.strerror}). Choose another file."
        raise VideoFramesError(reason) from error
    except Exception as error:  # damaged files make the libraries raise whatever comes up
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoFramesError(
            f"{name}The video cannot be read ({reason}). It may be incomplete; convert or download it again."
        ) from error


def _of_file(video: Any, choice: Choice, width: int, height: int) -> VideoFrames:
    with opened(video) as container:
        stream = pictures_of(container)
        source = Source(container, stream, video, *video.get_active_trim_window())
        aspect = float(stream.sample_aspect_ratio or 0)
        taken = Taken()
        images, mask = _collect(
            taken.of(source, choice),
            choice,
            (source.lasting, source.rate),
            lambda frame: target_size(frame, aspect, width, height),
            lambda frame, slot: write_picture(frame, aspect, slot),
        )
    if source.damaged:
        notice(f"{source.damaged} pieces of the video are damaged; pictures are missing there, or wrong.")
    if source.missing:
        notice(f"The pictures end {source.missing:.2f} seconds before the video says they do. It may be incomplete.")
    begin, rate = taken.timing(choice, source, images.shape[0])
    with opened(video) as container:
        sound = sound_of(container, source.zero + begin, images.shape[0] / rate)
    return VideoFrames(images, mask, rate, sound)


def pictures_of(container: Any) -> Any:
    """The stream of pictures in a file that is open."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise VideoFramesError("The file has sound but no pictures. Choose a video.")
    stream = next((stream for stream in streams if stream.codec_context is not None), None)
    if stream is None:
        raise VideoFramesError("The pictures of the file are coded in a way nobody here can read. Convert it to mp4.")
    return stream


def sound_of(container: Any, begin: float, duration: float) -> dict[str, Any] | None:
    """Sound that cannot be read does not cost the pictures."""
    try:
        return read_sound(container, begin, duration)
    except Exception as error:
        notice(f"The sound of the video cannot be read ({error}), so there is none.")
        return None


class Taken:
    """When the frames of a clip are on the screen, noted while they are taken."""

    def __init__(self) -> None:
        self.start: float | None = None
        self.end = 0.0

    def of(self, shown: Iterable[Shown[Any]], choice: Choice) -> Iterator[Any]:
        """The pictures of the clip, the same one as often as it is on the screen."""
        for picture in chosen((Shown(item.start, item.end, item) for item in shown), choice):
            self.start = picture.start if self.start is None else self.start
            self.end = picture.end
            yield picture.picture

    def timing(self, choice: Choice, source: Source, count: int) -> tuple[float, float]:
        """Where the clip starts in the video, in seconds, and at which rate it is as fast."""
        if choice.rate:
            return choice.skip / choice.rate, choice.rate / choice.every
        start = self.start or 0.0
        lasting = self.end - start + (choice.every - 1) / source.rate
        for rate in source.rates:
            if abs(lasting - count * choice.every / rate) < EXACT + source.tick:
                return start, rate / choice.every
        return start, count / lasting if lasting > 0 else source.rate / choice.every


def _of_memory(components: Any, choice: Choice, width: int, height: int) -> VideoFrames:
    rate = float(components.frame_rate)
    images, opacity = components.images, getattr(components, "alpha", None)
    if images.shape[-1] == 4:
        opacity = images[..., 3:]
    shown = (Shown(number / rate, (number + 1) / rate, number) for number in range(images.shape[0]))
    size = clip_size((images.shape[2], images.shape[1]), width, height)

    def write(number: int, slot: Tensor) -> Tensor | None:
        slot.copy_(_fitted(images[number, ..., :3], size))
        return None if opacity is None else _fitted(opacity[number, ..., :1], size)[..., 0]

    pictures, mask = _collect(chosen(shown, choice), choice, (images.shape[0] / rate, rate), lambda _: size, write)
    looked_at = choice.rate or rate
    sound = sound_in_memory(components, choice, pictures.shape[0])
    return VideoFrames(pictures, mask, looked_at / choice.every, sound)


def sound_in_memory(components: Any, choice: Choice, count: int) -> dict[str, Any] | None:
    """The sound of so many frames of a VIDEO that is in memory."""
    if components.audio is None:
        return None
    looked_at = choice.rate or float(components.frame_rate)
    samples, per_second = components.audio["waveform"], components.audio["sample_rate"]
    begin, end = choice.skip / looked_at, (choice.skip + count * choice.every) / looked_at
    samples = samples[..., round(begin * per_second) : round(end * per_second)]
    return {"waveform": samples, "sample_rate": per_second} if samples.shape[-1] else None


def _fitted(picture: Tensor, size: tuple[int, int]) -> Tensor:
    return picture if (picture.shape[1], picture.shape[0]) == size else fitted(picture.float(), *size)


def _collect(
    pictures: Iterator[Any],
    choice: Choice,
    says: tuple[float, float],
    size: Callable[[Any], tuple[int, int]],
    write: Write,
) -> tuple[Tensor, Tensor]:
    """The pictures of the clip as one tensor, written where they stay, and where they are transparent.

    Args:
        says: seconds and pictures a second of the video, as it says itself.
        size: width and height of a clip that begins with a picture.
    """
    lasting, rate = says
    frames, mask = torch.empty(0, 0, 0, 3), torch.zeros(0, 0, 0)
    last: Any = None
    count = 0
    for picture in pictures:
        if count == frames.shape[0]:
            # files tell only about how long they are
            expected = max(choice.needed(lasting, rate), 1) if count == 0 else count + max(16, count // 4)
            wide, high = size(picture) if count == 0 else (frames.shape[2], frames.shape[1])
            frames, mask = _longer(frames, mask, (expected, high, wide))
        if count and picture is last:
            frames[count], mask[count] = frames[count - 1], mask[count - 1]
        elif (opacity := write(picture, frames[count])) is not None:
            mask[count] = 1.0 - opacity
        last = picture
        count += 1
    if count == 0:
        raise nothing_there(choice, lasting, rate)
    if count < choice.count:
        notice(f"The video has only {count} such frames; {choice.count} were asked for.")
    return frames[:count], mask[:count]


def nothing_there(choice: Choice, lasting: float, rate: float) -> VideoFramesError:
    """What to say of a video that has no such frames."""
    if choice.skip == 0:
        return VideoFramesError(
            "The video has no pictures here that can be read. It may be incomplete, or trimmed beyond its end."
        )
    return VideoFramesError(
        f"The video lasts {lasting:.2f} seconds and ends before frame {choice.skip} at {choice.rate or rate:g} a "
        "second. Lower skip_frames."
    )


def _longer(frames: Tensor, mask: Tensor, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    length, height, width = shape
    short = shortage(length, width, height)
    if short is not None:
        raise VideoFramesError(
            f"{length} frames of {width}x{height} take {short[0]:.1f} GB, but {short[1]:.1f} GB of memory are free. "
            "Set frames, width and height, or raise every_nth."
        )
    longer, wider = torch.empty((*shape, 3)), torch.zeros(shape)
    longer[: frames.shape[0]] = frames if frames.shape[0] else 0
    wider[: mask.shape[0]] = mask if mask.shape[0] else 0
    return longer, wider
