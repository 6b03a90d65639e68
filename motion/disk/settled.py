"""What is on the disk itself, and no longer only in the memory of the system."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
"""What systems say when there is no room for a file."""


def write_settled(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write a file, which is on the disk afterwards; its name is with `settle`.

    Raises:
        OSError: the file cannot be written; what there is of it stays.
    """
    with path.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def settle(folder: Path) -> None:
    """Have the names in a folder on the disk, too, where the system can."""
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def is_full(error: OSError) -> bool:
    """Whether something failed because there is no room."""
    return error.errno in FULL
