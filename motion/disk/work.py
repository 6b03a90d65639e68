"""Work folders that are removed when they are done with, also when the process that made them was killed.

Each holds a file that its process keeps locked. The operating system lets go of the lock when the process ends, however
it ends and on whatever machine it ran, so a folder whose lock can be taken belongs to nobody.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

WORK_PREFIX = ".kinema-"
LOCK = "lock"
SWEEP_SECONDS = 2.0
"""Time for looking through a tree; what was not reached stays until its folder is saved to."""


@contextlib.contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """A folder that is gone afterwards, whatever happened, interrupts included.

    Raises:
        OSError: the folder cannot be made.
    """
    folder, lock = _made(parent)
    try:
        yield folder
    finally:
        _remove(folder, lock)


def sweep(parent: Path) -> None:
    """Remove the work folders directly in a folder whose process is gone; whatever cannot be removed stays."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(WORK_PREFIX) and entry.is_dir(follow_symlinks=False):
                _sweep_one(Path(entry.path))


def sweep_tree(root: Path) -> None:
    """`sweep` every folder below one, as far as `SWEEP_SECONDS` go."""
    until = time.monotonic() + SWEEP_SECONDS
    for folder, names, _ in os.walk(root):
        if time.monotonic() > until:
            return
        for name in [name for name in names if name.startswith(WORK_PREFIX)]:
            names.remove(name)
            _sweep_one(Path(folder, name))


def _made(parent: Path) -> tuple[Path, IO[bytes]]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=parent))
        try:
            lock = (folder / LOCK).open("xb")
        except FileNotFoundError:
            continue
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # another process may have looked between the two lines; it then has the folder or has removed it
        if taken(lock) is not False and (folder / LOCK).exists():
            return folder, lock
        _remove(folder, lock)


def _sweep_one(folder: Path) -> None:
    try:
        lock = (folder / LOCK).open("r+b")
    except FileNotFoundError:
        # its process ended before it had made the lock, or after it had removed it; if it is about to make it, it will
        # make another folder. One that holds something is not a work folder
        with contextlib.suppress(OSError):
            folder.rmdir()
        return
    except OSError:
        return  # not a work folder, or not ours to open
    if taken(lock):
        _remove(folder, lock)
    lock.close()


def taken(file: IO[bytes]) -> bool | None:
    """Lock an open file until it is closed: whether it was free, None where the file system has no locks."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            # belongs to this opening of the file, so that it also keeps out other threads
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def _remove(folder: Path, lock: IO[bytes]) -> None:
    # the lock last, so that whoever ends in between leaves what can be told to be a work folder
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in [entry for entry in entries if entry.name != LOCK]:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()
    # where a file that is open cannot be removed, it can be now
    shutil.rmtree(folder, ignore_errors=True)
