"""A filename prefix as a person typed it, as a path below a folder.

One function for everybody: what a check has passed is what the save does.
"""

import ntpath
import os
import re
from pathlib import PurePosixPath

from ..disk import WORK_PREFIX

MAX_NAME_BYTES = 200
"""Leaves room for counter and extension within the 255 bytes file systems allow."""
MAX_DEPTH = 12
"""Folders of a prefix; with `MAX_NAME_BYTES` it stays below the 4096 bytes a path may have."""
FORBIDDEN_ON_WINDOWS = re.compile(r'[<>:"|?*]')
RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_NOT_A_LETTER = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class PrefixError(ValueError):
    """A filename prefix that cannot be used; the message says why."""


def clean_prefix(
    prefix: str,
    windows: bool = os.name == "nt",
    cut: bool = False,
    inside: str = "output",
    example: str = "video/kinema",
) -> PurePosixPath:
    """Folders and name of a prefix, without what means nothing (``.``, empty parts).

    Args:
        windows: whether names have to suit Windows.
        cut: cut parts that are too long, which only grew so when tokens were filled in, instead of refusing them.
        inside: what people call the folder it is meant for.
        example: a prefix that can be used.

    Raises:
        PrefixError: it has no name, or leads out of the folder it is meant for.
    """
    if _NOT_A_LETTER.search(prefix):
        raise PrefixError("the filename prefix contains control characters or halves of letters; type a plain name")
    text = prefix.replace("\\", "/")
    drive = ntpath.splitdrive(text)[0]
    if drive.endswith(":") and text[len(drive) : len(drive) + 1] != "/":
        raise PrefixError(
            f"the filename prefix begins with {drive} as paths of Windows do; write a name below the {inside} folder, "
            f"for example {example}"
        )
    if text.startswith("/") or drive:
        raise PrefixError(
            f"the filename prefix is an absolute path; write a path below the {inside} folder, for example {example}"
        )
    named = bool(text.rpartition("/")[2].strip())
    parts = [part for part in text.split("/") if part.strip() not in ("", ".")]
    if ".." in (part.strip() for part in parts):
        raise PrefixError(
            f"the filename prefix leaves the {inside} folder (..); write a path below it, for example {example}"
        )
    if not named or not parts:
        raise PrefixError(f"the filename prefix has no file name; write for example {example}")
    if len(parts) > MAX_DEPTH + 1:
        raise PrefixError(f"the filename prefix has more than {MAX_DEPTH} folders; shorten it")
    short = [part.encode()[:MAX_NAME_BYTES].decode(errors="ignore") for part in parts]
    if not cut and short != parts:
        raise PrefixError(f"the filename prefix has a part longer than {MAX_NAME_BYTES} bytes; shorten it")
    return PurePosixPath(*(_safe(part, windows) for part in short))


def _safe(part: str, windows: bool) -> str:
    if part.lower().startswith(WORK_PREFIX):
        # folders of that name are removed when the process that made them is gone
        part = "_" + part[1:]
    if windows:
        part = FORBIDDEN_ON_WINDOWS.sub("_", part).rstrip(". ") or "_"
        part = f"_{part}" if RESERVED_ON_WINDOWS.fullmatch(part) else part
    return part
