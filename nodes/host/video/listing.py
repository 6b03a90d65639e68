"""The pictures in folders below the host's input folder: which folders there are, and which files are chosen."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import folder_paths

from ....motion.video import Choice, folder_problem, is_picture, listable, matching, natural, pattern_problem, picked
from ..files import file_fingerprint

HERE = "."
"""The input folder itself."""
DEEPEST = 8
MOST_FOLDERS = 2000
MOST_ENTRIES = 500_000
"""A folder that somebody linked or copied here must not hold up the node list."""
NAMED = 5
"""Names that a message lists."""


class SequenceError(ValueError):
    """There are no such pictures, or they cannot be read; the message says what to do."""


@dataclass(frozen=True)
class PictureFile:
    """A picture of a sequence."""

    name: str
    path: str


def sequence_folders() -> list[str]:
    """The folders that hold pictures, with / between their parts; . is the input folder itself."""
    root = folder_paths.get_input_directory()
    found, waiting, entries = [], [(HERE, root, 0)], 0
    seen = {os.path.realpath(root)}
    while waiting and len(seen) <= MOST_FOLDERS and entries <= MOST_ENTRIES:
        name, path, depth = waiting.pop(0)
        below, pictures = [], False
        for entry in _entries(path):
            entries += 1
            pictures = pictures or is_picture(entry.name)
            if depth < DEEPEST and listable(entry.name) and _is_folder_inside(root, entry):
                below.append(entry.name)
        if pictures:
            found.append(name)
        for folder in sorted(below):
            place = os.path.join(path, folder)
            real = os.path.realpath(place)
            if real not in seen:
                seen.add(real)
                waiting.append((folder if name == HERE else f"{name}/{folder}", place, depth + 1))
    return sorted(found, key=natural)


def sequence_problem(folder: str, pattern: str, choice: Choice) -> str | None:
    """What is wrong with a choice of pictures, None if there are some; no file is opened."""
    try:
        pictures_in(folder, pattern, choice)
    except SequenceError as error:
        return str(error)
    return None


def pictures_in(folder: str, pattern: str, choice: Choice) -> list[PictureFile]:
    """The chosen pictures of a folder, in their order.

    Raises:
        SequenceError: there is no such folder, or none that is chosen.
    """
    problem = folder_problem(folder) or pattern_problem(pattern)
    if problem is not None:
        raise SequenceError(problem)
    place = _place(folder)
    names = _names(folder, place)
    fitting = matching(names, pattern)
    if not fitting:
        raise SequenceError(_nothing(folder, pattern, matching(names, "")))
    chosen = picked(fitting, choice)
    if not chosen:
        raise SequenceError(
            f"skip_frames leaves out {choice.skip} pictures, but {folder} has only {len(fitting)}. Lower it."
        )
    return [PictureFile(name, os.path.join(place, name)) for name in chosen]


def sequence_fingerprint(folder: str, pattern: str, choice: Choice) -> str:
    """Changes when a chosen picture is replaced, added or removed."""
    try:
        files = pictures_in(folder, pattern, choice)
    except SequenceError as error:
        return str(error)
    found = repr([(file.name, file_fingerprint(file.path)) for file in files])
    # the host writes it into the prompt it saves, so it is short
    return hashlib.sha256(found.encode(errors="surrogatepass")).hexdigest()


def readable_name(name: str) -> str:
    """A file name to print: what is no text in it becomes a replacement sign."""
    return "".join(letter if letter.isprintable() else "�" for letter in name)


def _place(folder: str) -> str:
    root = folder_paths.get_input_directory()
    place = root if folder == HERE else os.path.join(root, *folder.split("/"))
    real = os.path.realpath(place)
    if not _below(root, real):
        raise SequenceError(
            f"folder {folder} is a link that leads out of ComfyUI's input folder. Copy the pictures into it instead."
        )
    if not os.path.isdir(place):
        raise SequenceError(
            f"folder {folder} is not in ComfyUI's input folder. Put it there and refresh the node list (R), or choose "
            "another one."
        )
    return place


def _names(folder: str, place: str) -> list[str]:
    """Files, and links to whatever; what is neither, such as a pipe, would never end."""
    root = folder_paths.get_input_directory()
    try:
        with os.scandir(place) as entries:
            found = [entry for entry in entries if is_picture(entry.name) and (entry.is_symlink() or entry.is_file())]
    except OSError as error:
        raise SequenceError(
            f"folder {folder} cannot be looked into ({error.strerror}). Change its permissions, or choose another one."
        ) from error
    return [entry.name for entry in found if not entry.is_symlink() or _leads_to_file(root, entry)]


def _leads_to_file(root: str, entry: os.DirEntry[str]) -> bool:
    """Whether a link is to a file; one to nothing or to elsewhere is told, as its picture would be missing."""
    if not os.path.exists(entry.path):
        raise SequenceError(
            f"folder has {readable_name(entry.name)}, a link to a file that is gone. Put the file there or remove the "
            "link."
        )
    if not _below(root, os.path.realpath(entry.path)):
        raise SequenceError(
            f"folder has {readable_name(entry.name)}, a link that leads out of ComfyUI's input folder. Copy the "
            "picture itself there."
        )
    return os.path.isfile(entry.path)


def _nothing(folder: str, pattern: str, others: list[str]) -> str:
    if not others:
        return (
            f"folder {folder} has no pictures. Put some there (png, jpg, webp, tif and others), or choose another one."
        )
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return (
        f"pattern {pattern.strip()} fits none of the {len(others)} pictures in {folder}: "
        f"{', '.join(map(readable_name, others[:NAMED]))}{more}. Change it; * fits all."
    )


def _entries(path: str) -> Iterator[os.DirEntry[str]]:
    """What is in a folder; nothing if it cannot be looked into, which is told once it is chosen."""
    try:
        with os.scandir(path) as entries:
            yield from entries
    except OSError:
        return


def _is_folder_inside(root: str, entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() and (not entry.is_symlink() or _below(root, os.path.realpath(entry.path)))
    except OSError:  # a link to itself
        return False


def _below(root: str, real: str) -> bool:
    real_root = os.path.realpath(root)
    return real == real_root or real.startswith(os.path.join(real_root, ""))
