"""Clips that a table lists, as WebVid (arXiv 2104.00650) does: an id, a caption, and the folder of the file."""

import os
from collections.abc import Iterator, Mapping, Sequence

from .captions import EMPTY, FROM_NAME, REFUSE, caption_of_name, one_line
from .catalogue import Catalogue, Clip, gathered, refused
from .errors import ClipsError
from .rows import read_rows
from .skipping import Skips, readable
from .sources import Source, find_sources

ID = ("videoid", "video_id", "video", "video_path", "videopath", "file_name", "filename", "file", "path", "id")
CAPTION = ("name", "caption", "text", "prompt", "description", "title")
FOLDER = ("page_dir", "folder", "dir")
"""What columns are called, those of WebVid first."""


def clips_of_table(table: str, folder: str, missing: str = EMPTY) -> Catalogue:
    """The clips that a table lists, as far as their files are below a folder.

    A file is found by its id, which is its name with or without ending and folders, in the folder that ``page_dir``
    names or anywhere. Its time grows with rows plus files, its memory with files alone.

    Args:
        table: a csv file whose head has ``videoid`` and ``name``, or other usual names of an id and a caption.
        missing: what to do about rows without a caption, one of `MISSING`.

    Raises:
        ClipsError: there are none, the table cannot be read, or captions are missing that must not be.
    """
    name, skips = readable(os.path.basename(table)), Skips()
    files = _Files(find_sources(folder, skips))
    try:
        with open(table, "rb") as file:
            clips = list(_clips(read_rows(file), files, missing == FROM_NAME, skips))
    except ClipsError as error:
        raise ClipsError(f"{name} cannot be used: {error}.") from error
    except OSError as error:
        raise ClipsError(f"{name} cannot be read ({error.strerror}).") from error
    without = [clip.name for clip in clips if not clip.caption] if missing == REFUSE else []
    if without:
        raise ClipsError(refused(without))
    return gathered(clips, skips, f"{name} lists no clip that is in {readable(folder)}.")


class _Files:
    """Clips by name, and by folder and name."""

    def __init__(self, found: Sequence[Source]) -> None:
        self._found: dict[tuple[str | None, str], Source] = {}
        for source in reversed(found):  # of two with one name the first
            for name in {source.name, os.path.basename(source.path)}:
                self._found[None, name] = source
                self._found[source.place.rpartition("/")[2], name] = source

    def find(self, place: str, name: str) -> Source | None:
        """A clip.

        Args:
            place: the folder it is in, nothing if that is not known.
        """
        places = (place.rstrip("/").rpartition("/")[2], None) if place else (None,)
        return next((found for each in places if (found := self._found.get((each, name))) is not None), None)


def _clips(rows: Iterator[tuple[int, list[str]]], files: _Files, by_name: bool, skips: Skips) -> Iterator[Clip]:
    columns = _columns(next(rows)[1])
    taken: set[str] = set()
    for line, cells in rows:
        row = {what: cells[column] if column < len(cells) else "" for what, column in columns.items()}
        place, _, name = row["id"].replace("\\", "/").rpartition("/")
        source = files.find(place or row.get("folder", "").replace("\\", "/"), name)
        if not name:
            skips.add(f"line {line}", "it has no id")
        elif source is None:
            skips.add(f"line {line}, {name[:80]}", "no file of that name is there")
        elif source.path in taken:
            skips.add(f"line {line}, {name[:80]}", "an earlier line has the same file")
        else:
            taken.add(source.path)
            caption = one_line(row["caption"]) or (caption_of_name(source.name) if by_name else "")
            yield Clip(source.path, caption, source.repeats, source.kind, source.listed)


def _columns(head: list[str]) -> Mapping[str, int]:
    names = [name.casefold().replace(" ", "_") for name in head]
    found = {
        what: next((names.index(name) for name in known if name in names), None)
        for what, known in (("id", ID), ("caption", CAPTION), ("folder", FOLDER))
    }
    lacking = [known[0] for what, known in (("id", ID), ("caption", CAPTION)) if found[what] is None]
    if lacking:
        told = ", ".join(readable(name)[:40] for name in head[:12])
        raise ClipsError(
            f"it has no column {' and no column '.join(lacking)}. Its first line has {told}; write the names of the "
            "columns there, such as videoid, page_dir and name"
        )
    return {what: column for what, column in found.items() if column is not None}
