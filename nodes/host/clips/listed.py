"""Clips that other nodes hand over: videos that stay files until they are read, and frames in memory."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ....motion.clips import (
    Choosing,
    Clip,
    ClipsError,
    Contents,
    clips_of_list,
    content_of_frames,
    key_of,
)
from ..video import has_file
from .clips import Clips
from .reels import ImagesReel, Reel, VideoReel


@dataclass(frozen=True, eq=False)
class Listed:
    """Reads what is on wires."""

    given: Mapping[str, Any]
    """By the source of a clip a VIDEO, or frames (frames, height, width, channels) in 0..1."""

    def content(self, clip: Clip, contents: Contents) -> str:
        """Of a file by its bytes, so that it is the same clip as in a folder."""
        value = self.given[clip.source]
        if isinstance(value, Tensor):
            return content_of_frames(value)
        if not has_file(value):
            return content_of_frames(value.get_components().images)
        source, window = value.get_stream_source(), value.get_active_trim_window()
        if isinstance(source, str):
            content = contents.of(Clip(source, ""))
        else:
            content = key_of("content", digest=hashlib.sha256(source.getbuffer()).hexdigest())
        return key_of("part", content=content, window=window) if any(window) else content

    def reel(self, clip: Clip) -> Reel:
        """Nothing is decoded until pictures are asked for."""
        value = self.given[clip.source]
        return ImagesReel(value) if isinstance(value, Tensor) else VideoReel(value)


def listed_clips(
    videos: Sequence[Any],
    images: Sequence[Tensor],
    texts: Sequence[str],
    missing: str,
    choosing: Choosing,
    size: tuple[int, int],
) -> Clips:
    """Clips that are given one by one.

    Args:
        videos: of the host.
        images: each (frames, height, width, channels) in 0..1, one frame for a picture.
        texts: one for each of the videos, then the images; one for all; or none.
        missing: what to do about clips without a caption, one of `MISSING`.
        size: height and width.

    Raises:
        ClipsError: there are none, or captions do not fit.
    """
    values = [value for value in (*videos, *images) if value is not None]
    if not values:
        raise ClipsError(
            "There are no clips. Connect videos or images, such as those of Load Video-Text (from Folder)."
        )
    catalogue = clips_of_list([*_names(values)], texts, missing)
    sources = (clip.source for clip in catalogue.clips)
    return Clips(catalogue, Listed(dict(zip(sources, values, strict=True))), choosing, size)


def _names(values: Sequence[Any]) -> Iterator[str]:
    """What files are called, nothing for what is in memory."""
    for value in values:
        source = None if isinstance(value, Tensor) or not has_file(value) else value.get_stream_source()
        yield os.path.splitext(os.path.basename(source))[0] if isinstance(source, str) else ""
