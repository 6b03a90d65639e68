"""Which files and folders below a folder are clips, told by names and sizes; none of them is opened."""

import functools
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..video import is_picture, natural
from .captions import ENDINGS
from .errors import ClipsError
from .skipping import Skips, readable

VIDEO, FRAMES, PICTURE = "video", "folder of frames", "picture"
_USUAL = (
    "mp4",
    "m4v",
    "mov",
    "qt",
    "mkv",
    "webm",
    "avi",
    "divx",
    "flv",
    "f4v",
    "wmv",
    "asf",
    "mpg",
    "mpeg",
    "ts",
    "gif",
)
VIDEOS = frozenset((*_USUAL, "m2v", "vob", "ts", "mts", "m2ts", "ogv", "ogm", "3gp", "3g2", "mxf", "y4m"))
"""Endings of videos, without their dot."""
FOREIGN = frozenset(("__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"))
"""Folders that systems make for themselves; some hold small pictures of videos."""
TABLES = ("csv", "tsv", "jsonl")
"""Endings of tables, without their dot."""
INSIDE = "caption"
"""Name of the text in a folder of frames that is about all of them."""
MOST_ENTRIES = 4_000_000
"""Somebody chose the wrong folder."""
LOOSE, TOGETHER, EACH = "auto", "frames of one clip", "one clip each"
PICTURES = (LOOSE, TOGETHER, EACH)
"""What the pictures of a folder are. `LOOSE` tells by their names."""
ALIKE = 0.9
"""Part of the pictures of a clip whose names differ in nothing but numbers; a cover may lie among them."""
_NUMBER = re.compile(r"[0-9]+")
_REPEATED = re.compile(r"(0|[1-9][0-9]{0,3})_(.*)", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """A clip that is there."""

    path: str
    kind: str
    """VIDEO, FRAMES for a folder whose pictures are its frames, or PICTURE for one frame."""
    place: str
    """The folder it is in, below the one that was looked through, with / between names."""
    name: str
    """Without an ending."""
    text: str | None = None
    """The file that holds its caption."""
    repeats: int = 1
    words: str = ""
    """What the name of a folder N_words around it says about it."""

    @property
    def listed(self) -> str:
        """Its name for messages, and for its place among the others."""
        return f"{self.place}/{os.path.basename(self.path)}" if self.place else os.path.basename(self.path)


@dataclass(frozen=True)
class Looking:
    """How pictures are understood."""

    pictures: str = LOOSE
    """One of `PICTURES`."""
    single: bool = False
    """Whether single frames are learnt."""


LOOKING = Looking()


@dataclass(frozen=True)
class _Folder:
    path: str
    place: str = ""
    repeats: int = 1
    words: str = ""
    chosen: bool = True
    """By whoever looks for clips, as a whole or by the repeats in its name; not just one of many."""

    def below(self, name: str) -> "_Folder":
        """A folder in it; N_words has N repeats, as other trainers have it."""
        place, repeated = f"{self.place}/{name}" if self.place else name, _repeated(name)
        return _Folder(
            os.path.join(self.path, name), place, *(repeated or (self.repeats, self.words)), repeated is not None
        )


def find_sources(root: str, skips: Skips, looking: Looking = LOOKING) -> list[Source]:
    """The clips below a folder, in natural order.

    Pictures that have captions of their own, or names that differ in more than numbers, are clips of one frame each;
    others are together the frames of one clip. Where single frames are learnt, the pictures of a folder that was
    chosen itself are one each, too: photographs are numbered as well.

    Raises:
        ClipsError: there is no such folder, or far too much in it.
    """
    if not os.path.isdir(root):
        raise ClipsError(f"There is no folder {readable(root)}. Choose one that holds clips.")
    root = os.path.abspath(root)
    waiting, seen, entries = [_Folder(root, "", *(_repeated(os.path.basename(root)) or (1, "")))], {_identity(root)}, 0
    found: list[Source] = []
    while waiting:
        folder = waiting.pop()
        inside = _Inside(folder, skips, looking)
        entries += inside.entries
        if entries > MOST_ENTRIES:
            raise ClipsError(f"{readable(root)} has more than {MOST_ENTRIES} files. Choose the folder of the clips.")
        if folder.repeats == 0:
            skips.add(folder.path, "its name begins with 0_, for no repeats")
            continue
        found += inside.clips()
        for below in map(folder.below, inside.folders):
            identity = _identity(below.path)
            if identity is None:
                skips.add(below.path, "it cannot be looked into")
            elif identity not in seen:  # a link may lead to a folder around it
                seen.add(identity)
                waiting.append(below)
    return sorted(found, key=lambda source: [natural(part) for part in source.listed.split("/")])


def frames_of(folder: str) -> list[str]:
    """The pictures of a folder in natural order, as paths.

    Raises:
        OSError: it cannot be looked into.
    """
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if is_picture(entry.name) and entry.is_file()]
    return [os.path.join(folder, name) for name in sorted(names, key=natural)]


class _Inside:
    """What is directly in a folder."""

    def __init__(self, folder: _Folder, skips: Skips, looking: Looking) -> None:
        self.folder, self.skips, self._looking = folder, skips, looking
        self.folders: list[str] = []
        self.entries = 0
        self._videos: list[str] = []
        self._pictures: list[str] = []
        self._texts: list[tuple[str, str]] = []
        self._read: set[str] = set()
        """Names of the texts that are captions."""
        try:
            with os.scandir(folder.path) as entries:
                for entry in entries:
                    self.entries += 1
                    self._take(entry)
        except OSError as error:
            skips.add(folder.path, f"it cannot be looked into ({error.strerror})")

    def clips(self) -> Iterator[Source]:
        """Those of the folder itself."""
        for name in self._videos:
            yield self._source(name, VIDEO)
        own = self._single_pictures()
        for name in own:
            yield self._source(name, PICTURE)
        if self._pictures and not own and not self._videos:
            yield self._frames()
        elif self._videos and len(own) < len(self._pictures):
            left = set(self._pictures) - set(own)
            reason = "pictures beside videos are clips only with captions of their own; frames have a folder of theirs"
            self.skips.add(os.path.join(self.folder.path, min(left)), reason, len(left))
        names = {*self._read, *map(_plain, self.folders)}
        for stem, path in self._texts:
            if _plain(stem) not in names:
                self.skips.unread(path)

    def _single_pictures(self) -> list[str]:
        """The pictures that are a clip each."""
        if self._looking.pictures == TOGETHER or not self._pictures:
            return []
        if self._looking.pictures == EACH:
            return self._pictures
        captioned = [name for name in self._pictures if self._text(name) is not None]
        if self._videos:
            return captioned
        is_clip = _are_frames(self._pictures) and not (self._looking.single and self.folder.chosen)
        return [] if is_clip and not captioned else self._pictures

    def _take(self, entry: os.DirEntry[str]) -> None:
        stem, _, ending = entry.name.rpartition(".")
        is_video = bool(stem) and ending.lower() in VIDEOS
        if entry.name.startswith(".") or entry.name in FOREIGN:
            return
        try:
            if entry.is_dir():
                self.folders.append(entry.name)
            elif stem and ending.lower() in ENDINGS:
                self._texts.append((stem, entry.path))
            elif stem and ending.lower() in TABLES:
                self.skips.unread_table(entry.path)
            elif (is_video or is_picture(entry.name)) and self._is_usable(entry):
                (self._videos if is_video else self._pictures).append(entry.name)
        except OSError as error:
            self.skips.add(entry.path, f"it cannot be looked at ({error.strerror})")

    def _is_usable(self, entry: os.DirEntry[str]) -> bool:
        if entry.is_symlink() and not os.path.exists(entry.path):
            self.skips.add(entry.path, "it is a link to a file that is gone")
        elif not entry.is_file():
            self.skips.add(entry.path, "it is no file")
        elif entry.stat().st_size == 0:
            self.skips.add(entry.path, "it is empty (0 bytes)")
        else:
            return True
        return False

    def _source(self, name: str, kind: str) -> Source:
        folder = self.folder
        path, stem = os.path.join(folder.path, name), name.rpartition(".")[0]
        return Source(path, kind, folder.place, stem, self._text(name), folder.repeats, folder.words)

    def _frames(self) -> Source:
        folder = self.folder
        place, _, name = folder.place.rpartition("/")
        name = name or os.path.basename(folder.path)
        text = self._text_of(INSIDE) or self._text_of(name) or _beside(folder)
        return Source(folder.path, FRAMES, place, name, text, folder.repeats, folder.words)

    def _text(self, name: str) -> str | None:
        return self._text_of(name.rpartition(".")[0]) or self._text_of(name)

    def _text_of(self, stem: str) -> str | None:
        self._read.add(_plain(stem))
        return self._texts_by_name.get(stem) or self._texts_by_name.get(_plain(stem))

    @functools.cached_property
    def _texts_by_name(self) -> dict[str, str]:
        """As names are written, and as they look."""
        # a later one wins: of walk.txt and walk.caption the first, of Walk.txt and walk.txt the one that looks so
        texts = sorted(self._texts, key=lambda text: (-ENDINGS.index(text[1].rpartition(".")[2].lower()), text))
        return {_plain(stem): path for stem, path in texts} | dict(texts)


def _beside(folder: _Folder) -> str | None:
    """The text next to a folder that has its name; not for the folder that was chosen, whose surroundings are not."""
    texts = [f"{folder.path}.{ending}" for ending in ENDINGS if folder.place]
    return next((text for text in texts if os.path.isfile(text)), None)


def _are_frames(names: Sequence[str]) -> bool:
    """Whether the names of pictures are numbered, as those of frames are."""
    kinds = Counter(_NUMBER.sub("#", _plain(name)) for name in names)
    return max(kinds.values()) >= ALIKE * len(names)


def _repeated(name: str) -> tuple[int, str] | None:
    match = _REPEATED.fullmatch(name)
    return (int(match[1]), match[2]) if match else None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _plain(name: str) -> str:
    """A name without what does not show: case, and in how many parts an accented letter is written."""
    return unicodedata.normalize("NFC", name).casefold()
