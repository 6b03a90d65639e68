"""Frames and sound of a VIDEO; only those a clip needs are kept, in the size it has."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from av.stream import Disposition
from comfy_api.latest import Input
from torch import Tensor

from ....motion.video import CROP, Choice, Shape, Shown, chosen, clip_size
from ..memory import shortage
from ..notices import notice
from .filling import Filled, filled
from .opening import MOST_PIXELS, measured, opened
from .output import progress_reporter
from .picture import Lying, fitted, target_size, write_picture
from .problems import VideoFramesError, nothing_there, readable
from .sound import read_sound
from .source import Source

SPARE = 32
"""Of so many frames one more is expected than a file without an index seems to have."""
LARGEST = 1 << 31
MANY = 256
"""Frames from which on it is worth the reading to know how many there are."""


@dataclass(frozen=True)
class VideoFrames:
    """A clip that was read."""

    images: Tensor
    """(frames, height, width, 3 or 4) in 0..1; channel 4 is opacity."""
    mask: Tensor
    """(frames, height, width): 1 where the video is transparent, as the host's own loaders have it."""
    rate: float
    """Frames per second at which it plays as fast as the video."""
    sound: Mapping[str, Any] | None
    """The host's AUDIO, of the same length."""


@dataclass(frozen=True)
class Manner:
    """How a video is read."""

    start: float = 0.0
    """Seconds at the beginning to leave out."""
    shape: Shape = CROP
    """How pictures of another shape fill the frames."""
    channels: int = 3
    """3, or 4 with opacity."""
    track: int = 0
    """Which of several sounds, counted from 0."""


USUAL = Manner()


def read_frames(video: Any, choice: Choice, width: int, height: int, manner: Manner = USUAL) -> VideoFrames:
    """Read the frames of a clip.

    Args:
        video: the host's VIDEO.
        width, height: pixels of the frames; 0 follows from the other one or from the video.

    Raises:
        VideoFramesError: the file is damaged or has no such frames, or they would not fit into memory.
    """
    if not has_file(video):
        return _of_memory(_from(video.get_components(), manner.start), choice, (width, height), manner)
    with readable(video):
        return _of_file(video, choice, (width, height), manner)


def has_file(video: Any) -> bool:
    """Whether a VIDEO is a file; asking for one would compress frames that are in memory."""
    return type(video).get_stream_source is not Input.Video.get_stream_source


def _of_file(video: Any, choice: Choice, size: tuple[int, int], manner: Manner) -> VideoFrames:
    begin, lasting = video.get_active_trim_window()
    if lasting and manner.start >= lasting:
        raise _too_late(manner.start, lasting)
    with opened(video) as container:
        stream = pictures_of(container)
        source = Source(container, stream, video, begin + manner.start, lasting - manner.start if lasting else 0.0)
        if choice.rate:
            source.jump(choice.skip / choice.rate)
        aspect, audible = float(stream.sample_aspect_ratio or 0), bool(container.streams.audio)
        taken = Taken()
        lies = Lying()
        clip = filled(
            taken.of(source, choice),
            lambda frame: target_size(frame, aspect, *size, manner.shape.multiple),
            lambda wide, high: _expected(video, source, stream, choice, wide, high),
            lambda frame, slot: write_picture(frame, aspect, slot, lies.of(frame), manner.shape.fit),
            manner.channels,
            progress_reporter(),
        )
    if clip is None and manner.start and not choice.skip:
        raise _too_late(manner.start, lasting or max(0.0, source.whole - max(0.0, begin)))
    if clip is None:
        raise nothing_there(choice, source.lasting, source.rate)
    _tell(choice, clip)
    if source.damaged:
        notice(f"{source.damaged} pieces of the video are damaged; pictures are missing there, or wrong.")
    if source.missing:
        notice(f"The pictures end {source.missing:.2f} seconds before the video says they do. It may be incomplete.")
    begin, rate = taken.timing(choice, source, clip.images.shape[0])
    sound = None
    if audible:
        with opened(video) as container:
            sound = sound_of(container, source.zero + begin, clip.images.shape[0] / rate, manner.track)
    return VideoFrames(clip.images, clip.mask, rate, sound)


def _tell(choice: Choice, clip: Filled) -> None:
    count = clip.images.shape[0]
    if count < choice.count:
        notice(f"The video has only {count} such frames; {choice.count} were asked for.")


def _expected(video: Any, source: Source, stream: Any, choice: Choice, wide: int, high: int) -> int:
    """About how many frames there will be: what the file says; counted where it says nothing, or what cannot be."""
    said = choice.needed(source.lasting, source.rate)
    if not choice.rate and stream.frames > 0 and source.is_whole:
        said = choice.of(stream.frames)
    elif not choice.rate:
        # a rate is about right; what is too many takes no memory
        said = min(said + said // SPARE + 2, choice.count or LARGEST)
    unknown = source.lasting <= 0 and not 0 < choice.count <= MANY
    if unknown or shortage(said, wide, high) is not None:
        found = measured(video, stream.index)
        said = choice.needed(found.seconds, source.rate) if choice.rate else choice.of(found.packets)
    return said


def pictures_of(container: Any) -> Any:
    """The stream of pictures in a file that is open."""
    # the cover of a piece of music is a stream of pictures as well
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise VideoFramesError("The file has sound but no pictures. Choose a video.")
    readable_ones = [stream for stream in streams if stream.codec_context is not None]
    if not readable_ones:
        raise VideoFramesError("The pictures of the file are coded in a way nobody here can read. Convert it to mp4.")
    stream = readable_ones[0]
    if stream.width * stream.height > MOST_PIXELS:
        raise VideoFramesError(
            f"The video says its pictures have {stream.width}x{stream.height} pixels; {MOST_PIXELS} pixels are the "
            "most that is read. Make it smaller."
        )
    return stream


def sound_of(container: Any, begin: float, duration: float, track: int = 0) -> dict[str, Any] | None:
    """Sound that cannot be read does not cost the pictures."""
    try:
        return read_sound(container, begin, duration, track)
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
        steady = source.steady_rate(count * choice.every, lasting)
        if steady is not None:
            return start, steady / choice.every
        return start, count / lasting if lasting > 0 else source.rate / choice.every


def _from(components: Any, start: float) -> Any:
    """A video in memory without its beginning, given in seconds."""
    if start <= 0:
        return components
    images, audio = components.images, components.audio
    first = round(start * float(components.frame_rate))
    if first >= images.shape[0]:
        raise _too_late(start, images.shape[0] / float(components.frame_rate))
    opacity = getattr(components, "alpha", None)
    if audio is not None:
        audio = {**audio, "waveform": audio["waveform"][..., round(start * audio["sample_rate"]) :]}
    return replace(components, images=images[first:], audio=audio, alpha=None if opacity is None else opacity[first:])


def _too_late(start: float, lasting: float) -> VideoFramesError:
    return VideoFramesError(
        f"The video lasts {lasting:.2f} seconds and has no picture from start_time, {start:g}, on. Lower it."
    )


def _of_memory(components: Any, choice: Choice, size: tuple[int, int], manner: Manner) -> VideoFrames:
    shape = manner.shape
    rate = float(components.frame_rate)
    images, opacity = components.images, getattr(components, "alpha", None)
    if images.shape[-1] == 4:
        opacity = images[..., 3:]
    elif opacity is not None:
        opacity = opacity.reshape(*images.shape[:3], 1)
    shown = (Shown(number / rate, (number + 1) / rate, number) for number in range(images.shape[0]))
    target = clip_size((images.shape[2], images.shape[1]), *size, shape.multiple)

    def write(number: int, slot: Tensor) -> Tensor | None:
        slot.copy_(fitted(images[number, ..., :3], *target, shape.fit))
        return None if opacity is None else fitted(opacity[number, ..., :1], *target, shape.fit)[..., 0]

    needed = choice.needed(images.shape[0] / rate, rate)
    clip = filled(chosen(shown, choice), lambda _: target, lambda _wide, _high: needed, write, manner.channels)
    if clip is None:
        raise nothing_there(choice, images.shape[0] / rate, rate)
    _tell(choice, clip)
    sound = sound_in_memory(components, choice, clip.images.shape[0])
    return VideoFrames(clip.images, clip.mask, (choice.rate or rate) / choice.every, sound)


def sound_in_memory(components: Any, choice: Choice, count: int) -> dict[str, Any] | None:
    """The sound of so many frames of a VIDEO that is in memory."""
    if components.audio is None:
        return None
    looked_at = choice.rate or float(components.frame_rate)
    samples, per_second = components.audio["waveform"], components.audio["sample_rate"]
    begin, end = choice.skip / looked_at, (choice.skip + count * choice.every) / looked_at
    samples = samples[..., round(begin * per_second) : round(end * per_second)]
    return {"waveform": samples, "sample_rate": per_second} if samples.shape[-1] else None
