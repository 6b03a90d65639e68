"""A video in ComfyUI's folders, and what its file says of it."""

from dataclasses import dataclass
from typing import Any

from comfy_api.latest import InputImpl

from ....motion.video import Choice
from ..folders import media_names, media_path, stamp
from .opening import measured, opened
from .picture import target_size
from .problems import VideoFramesError, nothing_there, readable
from .read import has_file, pictures_of
from .source import Source

PICTURES = (".gif", ".webp", ".apng")
"""Endings of animations that are no videos by name."""


@dataclass(frozen=True)
class About:
    """A whole video, whatever is taken from it."""

    rate: float
    frames: int
    seconds: float
    width: int
    height: int


def video_names() -> list[str]:
    """Videos and animations at the top of the input folder."""
    return media_names("video", also=PICTURES)


def video_problem(name: str) -> str | None:
    """What is wrong with a video in ComfyUI's folders, as far as its first bytes tell; None if nothing is."""
    try:
        video = named_video(name)
        with readable(video), opened(video) as container:
            pictures_of(container)
    except (FileNotFoundError, VideoFramesError) as error:
        return str(error)
    return None


def named_video(name: str) -> Any:
    """The host's VIDEO of a file.

    Raises:
        FileNotFoundError: it is not in the host's folders.
    """
    return InputImpl.VideoFromFile(media_path(name))


def video_stamp(name: str) -> tuple[str, int, int] | None:
    """What changes when the file is replaced, None if it is not there."""
    try:
        return stamp(media_path(name))
    except OSError:
        return None


def about(video: Any) -> About:
    """What there is of a VIDEO, by its index or else by what is in it.

    Raises:
        VideoFramesError: it cannot be read.
    """
    if not has_file(video):
        return _of_memory(video.get_components())
    with readable(video), opened(video) as container:
        stream = pictures_of(container)
        source = Source(container, stream, video, *video.get_active_trim_window())
        first = next(iter(source), None)
        if first is None:
            raise nothing_there(Choice(), source.lasting, source.rate)
        width, height = target_size(first.picture, float(stream.sample_aspect_ratio or 0), 0, 0)
        frames, seconds = stream.frames, source.lasting
        if not source.is_whole:
            frames = round(seconds * source.rate)
        elif frames <= 0 or seconds <= 0:
            found = measured(video, stream.index)
            frames, seconds = found.packets, seconds or found.seconds or found.packets / source.rate
        return About(source.rate, frames, seconds, width, height)


def _of_memory(components: Any) -> About:
    frames, height, width = components.images.shape[:3]
    rate = float(components.frame_rate)
    return About(rate, frames, frames / rate, width, height)
