"""Give a finished file its name without ever taking the place of another one.

Two servers may save to one folder, so looking whether a name is free does not help: the step that takes the name has to
fail where it is taken.
"""

import errno
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL, errno.EACCES}
"""What file systems without hard links answer."""


def numbered(folder: Path, name: str, ending: str, first: int = 1) -> Iterator[Path]:
    """``name_00001_`` with an ending, and on."""
    return (folder / f"{name}_{number:05}_{ending}" for number in itertools.count(first))


def publish(finished: Path, names: Iterable[Path]) -> Path:
    """Move a file or folder to the first of some names that nothing has, on the same file system.

    Returns:
        The name it has now.

    Raises:
        FileExistsError: all names are taken.
        OSError: the file system refused.
    """
    for name in names:
        try:
            _move(finished, name)
        except FileExistsError:
            continue
        return name
    raise FileExistsError(errno.EEXIST, "the name is taken")


def _move(finished: Path, name: Path) -> None:
    if os.name == "nt":
        finished.rename(name)  # refuses to replace anything
    elif finished.is_dir():
        name.mkdir()
        try:
            finished.rename(name)  # replaces a folder only as long as that is empty
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise FileExistsError(errno.EEXIST, "the name is taken") from error
            name.rmdir()
            raise
    else:
        _link(finished, name)


def _link(finished: Path, name: Path) -> None:
    try:
        os.link(finished, name)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # an empty file of our own to replace
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            finished.replace(name)
        except OSError:
            name.unlink()
            raise
    else:
        finished.unlink()
