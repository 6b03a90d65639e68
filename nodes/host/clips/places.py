"""Where somebody says that clips are: a folder, or a table that lists them, as paths are pasted."""

import hashlib
import ntpath
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import url2pathname

import folder_paths

from ....motion.clips import VIDEOS, ClipsError
from ....motion.video import is_picture
from ..video import readable_name

QUOTES = ("\"'`", "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}")
TABLES = (".csv", ".tsv", ".jsonl")
LOOKED_AT = 20_000
"""Files that are looked at before a run; whether there are clips behind them is told in the run."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
SHOWN = 200
"""Characters of a path in a message."""


@dataclass(frozen=True)
class Place:
    """Where clips are."""

    folder: str
    table: str | None = None
    """A file that lists those of the folder."""


def place_of(folder: str, table: str = "") -> Place:
    """What is meant by paths that somebody wrote or pasted.

    Args:
        folder: absolute or below ComfyUI's input folder; it may be a table, whose clips are beside it.
        table: nothing, or a table, absolute or below the folder or ComfyUI's input folder.

    Raises:
        ClipsError: there is no such folder or table.
    """
    root = folder_paths.get_input_directory()
    place, listed = _path(folder, root), table.strip()
    if place is None:
        raise ClipsError(
            "folder is empty. Write where the clips are: a path, or the name of a folder in ComfyUI's input folder."
        )
    if not listed and os.path.isfile(place) and place.lower().endswith(TABLES):
        return Place(os.path.dirname(place), place)
    if not os.path.isdir(place):
        raise ClipsError(_elsewhere(folder) or _no_folder(place))
    if not listed:
        return Place(place)
    paths = [path for each in (place, root) if (path := _path(listed, each)) is not None]
    found = next((path for path in paths if os.path.isfile(path)), None)
    if found is None:
        raise ClipsError(
            f"table {_shown(listed)} is no file, neither in {_shown(place)} nor in ComfyUI's input folder. Write the "
            "path of a csv file, or leave it empty."
        )
    return Place(place, found)


def place_problem(folder: str, table: str = "") -> str | None:
    """What is wrong with a place as far as it is told quickly, None if nothing is."""
    try:
        place = place_of(folder, table)
    except ClipsError as error:
        return str(error)
    looked_at = 0
    for looked_at, path in enumerate(_files(place.folder), 1):
        name = os.path.basename(path)
        if is_picture(name) or name.rpartition(".")[2].lower() in VIDEOS or looked_at == LOOKED_AT:
            return None
    what = "none of its files is a video or a picture" if looked_at else "it is empty"
    return f"folder {_shown(place.folder)} has no clips: {what}. Put videos or pictures there."


def place_stamp(folder: str, table: str = "") -> str | None:
    """Changes when a file in a place is added, removed or replaced; None if there is no such place."""
    try:
        place = place_of(folder, table)
    except ClipsError:
        return None
    digest = hashlib.sha256()
    tables = () if place.table is None else (place.table,)
    for path in (*tables, *_files(place.folder)):
        try:
            about = os.stat(path)
        except OSError:
            continue
        digest.update(f"{path}\0{about.st_size}\0{about.st_mtime_ns}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _files(folder: str) -> Iterator[str]:
    """Files below a folder, always in the same order; links to folders are followed once."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        about = os.stat(place)
        if (about.st_dev, about.st_ino) in seen:
            folders.clear()
            continue
        seen.add((about.st_dev, about.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(place, name) for name in sorted(names) if not name.startswith("."))


def _path(written: str, root: str) -> str | None:
    """A path as it is meant, None if nothing is written."""
    text = written.strip()
    for quotes in QUOTES:
        if len(text) > 1 and text[0] in quotes and text[-1] in quotes:
            text = text[1:-1].strip()
    if text[:7].lower() == "file://":
        text = url2pathname(urlsplit(text.replace("#", "%23").replace("?", "%3F")).path)
    if not text:
        return None
    path = os.path.normpath(os.path.join(root, os.path.expandvars(os.path.expanduser(text))))
    # an accented letter may be one sign or two, and programs change the one into the other when text is copied
    spelled = (path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD")))
    return next((each for each in spelled if os.path.exists(each)), path)


def _elsewhere(written: str) -> str | None:
    """What to say about a path that is none on this computer, None if it may be one."""
    text = written.strip().strip("\"'")
    if _ADDRESS.match(text) and text[:7].lower() != "file://":
        return f"folder {_shown(text)} is an address. Download what is there, and write the folder it is in."
    drive = ntpath.splitdrive(text)[0]
    if os.name != "nt" and (text.startswith("\\\\") or (drive[1:] == ":" and drive[:1].isalpha())):
        return (
            f"folder {_shown(text)} is a path of Windows, and ComfyUI runs on a computer with another system. Write "
            "the path that the folder has there."
        )
    return None


def _no_folder(place: str) -> str:
    if "\0" in place or not os.path.exists(place):
        return (
            f"folder {_shown(place)} is not there. Write the path of a folder on the computer that runs ComfyUI, or "
            "the name of one in its input folder."
        )
    return f"folder {_shown(place)} is a file. Write the folder it is in, or the path of a csv file that lists clips."


def _shown(path: str) -> str:
    name = readable_name(path)
    return name if len(name) <= SHOWN else f"…{name[-SHOWN:]}"
