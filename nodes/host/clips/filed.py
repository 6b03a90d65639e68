"""Clips in files."""

from dataclasses import dataclass

from comfy_api.latest import InputImpl

from ....motion.clips import (
    FRAMES,
    LOOSE,
    VIDEO,
    Choosing,
    Clip,
    Contents,
    Looking,
    clips_of_folder,
    clips_of_table,
    frames_of,
)
from .clips import Clips
from .places import place_of
from .reels import Reel, StillsReel, VideoReel


@dataclass(frozen=True)
class Files:
    """Reads videos, pictures and folders of frames."""

    def content(self, clip: Clip, contents: Contents) -> str:
        """By the bytes of the files."""
        return contents.of(clip)

    def reel(self, clip: Clip) -> Reel:
        """Nothing is opened until pictures are asked for."""
        if clip.kind == VIDEO:
            return VideoReel(InputImpl.VideoFromFile(clip.source))
        return StillsReel(tuple(frames_of(clip.source) if clip.kind == FRAMES else (clip.source,)))


def load_clips(
    folder: str, table: str, missing: str, choosing: Choosing, size: tuple[int, int], pictures: str = LOOSE
) -> Clips:
    """The clips of a folder, or those of them that a table lists.

    Args:
        folder, table: as `place_of` takes them.
        missing: what to do about clips without a caption, one of `MISSING`.
        size: height and width.
        pictures: what those of a folder are, one of `PICTURES`.

    Raises:
        ClipsError: there is no such folder or table, or no clip in it.
    """
    place = place_of(folder, table)
    if place.table is None:
        catalogue = clips_of_folder(place.folder, missing, Looking(pictures, choosing.frames == 1))
    else:
        catalogue = clips_of_table(place.table, place.folder, missing)
    return Clips(catalogue, Files(), choosing, size)
