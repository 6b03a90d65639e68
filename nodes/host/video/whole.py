"""A clip as a whole without its frames: how many there are, and its sound."""

from dataclasses import dataclass
from typing import Any

from ....motion.video import Choice, Shown, chosen, clip_size
from .opening import opened
from .picture import target_size
from .problems import nothing_there, readable
from .read import Taken, has_file, pictures_of, sound_in_memory, sound_of
from .source import Source


@dataclass(frozen=True)
class Whole:
    """What is known of a clip before its frames are read."""

    frames: int
    width: int
    height: int
    rate: float
    """Frames per second at which it plays as fast as the video."""
    begin: float
    """Seconds in the video at which it starts, on the file's clock."""


def count_frames(video: Any, choice: Choice, width: int, height: int) -> Whole:
    """Go through a video once, which is the only way to know what reading will give; nothing of it is kept.

    Args:
        video: the host's VIDEO.
        width, height: pixels to crop and resize to; 0 follows from the other one or from the video.

    Raises:
        VideoFramesError: the file is damaged or has no such frames.
    """
    if not has_file(video):
        return _of_memory(video.get_components(), choice, width, height)
    with readable(video), opened(video) as container:
        stream = pictures_of(container)
        source = Source(container, stream, video, *video.get_active_trim_window())
        taken = Taken()
        size, count = (0, 0), 0
        for frame in taken.of(source, choice):
            if count == 0:
                size = target_size(frame, float(stream.sample_aspect_ratio or 0), width, height)
            count += 1
        if count == 0:
            raise nothing_there(choice, source.lasting, source.rate)
        begin, rate = taken.timing(choice, source, count)
        return Whole(count, *size, rate, source.zero + begin)


def whole_sound(video: Any, choice: Choice, whole: Whole) -> dict[str, Any] | None:
    """The host's AUDIO of a whole clip, None if it has none that can be read."""
    if not has_file(video):
        return sound_in_memory(video.get_components(), choice, whole.frames)
    with readable(video), opened(video) as container:
        return sound_of(container, whole.begin, whole.frames / whole.rate)


def _of_memory(components: Any, choice: Choice, width: int, height: int) -> Whole:
    images, rate = components.images, float(components.frame_rate)
    shown = (Shown(number / rate, (number + 1) / rate, number) for number in range(images.shape[0]))
    count = sum(1 for _ in chosen(shown, choice))
    if count == 0:
        raise nothing_there(choice, images.shape[0] / rate, rate)
    size = clip_size((images.shape[2], images.shape[1]), width, height)
    return Whole(count, *size, (choice.rate or rate) / choice.every, 0.0)
