"""Clips that a table lists, as WebVid (arXiv 2104.00650) does: an id, a caption, and the folder of the file."""

import functools
import os
from collections.abc import Iterator, Mapping, Sequence

from ..tables import Row, TableError, read_rows
from .captions import EMPTY, FROM_NAME, REFUSE, caption_of_name, one_line
from .catalogue import Catalogue, Clip, gathered, refused
from .errors import ClipsError
from .skipping import Skips, readable
from .sources import EACH, TOGETHER, Looking, Source, find_sources

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
    files = _Files(folder, skips)
    try:
        with open(table, "rb") as file:
            clips = list(_clips(read_rows(file), files, missing == FROM_NAME, skips))
    except (ClipsError, TableError) as error:
        raise ClipsError(f"{name} cannot be used: {error}.") from error
    except OSError as error:
        raise ClipsError(f"{name} cannot be read ({error.strerror}).") from error
    without = [clip.name for clip in clips if not clip.caption] if missing == REFUSE else []
    if without:
        raise ClipsError(refused(without))
    return gathered(clips, skips, f"{name} lists no clip that is in {readable(folder)}.")


def _index(found: Sequence[Source]) -> dict[tuple[str | None, str], Source]:
    index: dict[tuple[str | None, str], Source] = {}
    for source in reversed(found):  # of two with one name the first
        for name in {source.name, os.path.basename(source.path)}:
            index[None, name] = source
            index[source.place.rpartition("/")[2], name] = source
    return index


class _Files:
    """Clips by name, and by folder and name: videos and folders of frames, and else single pictures."""

    def __init__(self, folder: str, skips: Skips) -> None:
        self._folder, self._clips = folder, _index(find_sources(folder, skips, Looking(TOGETHER)))

    @functools.cached_property
    def _pictures(self) -> dict[tuple[str | None, str], Source]:
        return _index(find_sources(self._folder, Skips(), Looking(EACH)))

    def find(self, place: str, name: str) -> Source | None:
        """A clip.

        Args:
            place: the folder it is in, nothing if that is not known.
        """
        places = (place.rstrip("/").rpartition("/")[2], None) if place else (None,)
        return _first(self._clips, places, name) or _first(self._pictures, places, name)


def _first(index: Mapping[tuple[str | None, str], Source], places: Sequence[str | None], name: str) -> Source | None:
    return next((found for each in places if (found := index.get((each, name))) is not None), None)


def _clips(rows: Iterator[Row], files: _Files, by_name: bool, skips: Skips) -> Iterator[Clip]:
    head = next(rows).cells
    columns, taken = _columns(head), set[str]()
    for line, row_cells in rows:
        cells = _joined(row_cells, len(head), columns["caption"])
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


def _joined(cells: list[str], columns: int, caption: int) -> list[str]:
    """Cells of a row that has too many of them: commas of a caption that stands in no quotation marks."""
    last = caption + 1 + len(cells) - columns
    if last <= caption + 1:
        return cells
    return [*cells[:caption], ", ".join(filter(None, cells[caption:last])), *cells[last:]]


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
