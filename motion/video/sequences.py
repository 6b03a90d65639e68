"""Which files of a folder are the pictures of a clip, told by their names alone."""

import re
import unicodedata
from collections.abc import Iterable
from fnmatch import translate
from itertools import islice

from .picking import Choice

USUAL = ("png", "apng", "jpg", "jpeg", "jpe", "jfif", "webp", "avif", "gif")
PICTURES = frozenset((*USUAL, "bmp", "dib", "tif", "tiff", "tga", "jp2", "j2k", "ppm", "pgm", "pbm", "pnm"))
"""Endings of pictures, without their dot."""
ANY = "*"
LONGEST = 255
"""Characters of a pattern; no file has a longer name."""


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts names by the numbers in them, whatever their case: frame2 before frame10, and always in the same order."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts], name


def is_picture(name: str) -> bool:
    """Whether a file name is that of a picture that is not hidden."""
    stem, dot, ending = name.rpartition(".")
    return bool(stem) and bool(dot) and not name.startswith(".") and ending.lower() in PICTURES


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern, None if nothing is."""
    if "/" in pattern or "\\" in pattern:
        return "pattern is for names of files, so it has no / or \\. Choose the folder in folder."
    if not pattern.isprintable():
        return "pattern has characters that cannot be seen. Type it again, for example *.png."
    if len(pattern) > LONGEST:
        return f"pattern has {len(pattern)} characters; names have no more than {LONGEST}. Shorten it."
    return None


def matching(names: Iterable[str], pattern: str) -> list[str]:
    """The pictures a pattern stands for, in natural order.

    Args:
        pattern: * is anything, ? one character, [0-9] one of several; upper and lower case are the same. Nothing is
            everything.
    """
    # its parts are atomic groups, so that no pattern takes more than length times length
    fits = re.compile(translate(_plain(pattern.strip() or ANY))).match
    return sorted((name for name in names if is_picture(name) and fits(_plain(name))), key=natural)


def picked(names: list[str], choice: Choice) -> list[str]:
    """Those of a sequence that a choice takes."""
    return list(islice(names[choice.skip :: choice.every], choice.count or None))


def folder_problem(folder: str) -> str | None:
    """What is wrong with the name of a folder below another, None if it may be looked for.

    Args:
        folder: names with / between them, or . for the folder itself.
    """
    if not folder.strip():
        return "folder is empty. Choose one; new ones show up after a refresh of the node list (R)."
    if not folder.isprintable():
        return "folder has characters that cannot be seen. Choose one of the list."
    parts = folder.split("/")
    if folder != "." and (
        "\\" in folder or ":" in parts[0] or any(not part.strip() or part.startswith(".") for part in parts)
    ):
        return "folder is no folder below ComfyUI's input folder. Choose one of the list, such as walk or shots/walk."
    return None


def listable(name: str) -> bool:
    """Whether a folder of this name can be chosen: not hidden, and its name can be read."""
    return folder_problem(name) is None and "/" not in name and name != "."


def _plain(text: str) -> str:
    """Without what does not show: case, and in how many parts an accented letter is written."""
    return unicodedata.normalize("NFC", text).lower()
