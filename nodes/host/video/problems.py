"""What is wrong with a video, in words that name its file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av.error
from comfy.model_management import InterruptProcessingException

from ....motion.video import Choice


class VideoFramesError(ValueError):
    """A video that cannot be read, or that has no such frames."""


@contextlib.contextmanager
def readable(video: Any) -> Iterator[None]:
    """Say in words what is wrong with a file, and which one it is.

    Args:
        video: the host's VIDEO.

    Raises:
        VideoFramesError: whatever the libraries raised.
    """
    try:
        yield
    except InterruptProcessingException:
        raise
    except VideoFramesError as error:
        raise VideoFramesError(f"{_name(video)}{error}") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise VideoFramesError(
            f"{_name(video)}The video cannot be read ({error.strerror}). Choose another file."
        ) from error
    except av.error.ArgumentError as error:
        raise VideoFramesError(
            f"{_name(video)}The file is no video that can be read by itself: playlists, and files that only name "
            "others, are not opened. Convert it to mp4."
        ) from error
    except Exception as error:  # damaged files make the libraries raise whatever comes up
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoFramesError(
            f"{_name(video)}The video cannot be read ({reason}). It may be incomplete, or no video; convert or "
            "download it again."
        ) from error


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


def _name(video: Any) -> str:
    """The file of a VIDEO as the beginning of a sentence, nothing if it has none."""
    source = video.get_stream_source()
    return f"{Path(source).name}: " if isinstance(source, str) else ""
