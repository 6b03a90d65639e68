"""A folder that one run works in, whatever other servers and other runs of this one do."""

import contextlib
from pathlib import Path
from weakref import WeakValueDictionary

from ..disk import taken

LOCK = "lock"


class Lock:
    """Holds a folder as long as it lives."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / LOCK).open("a+b")
        self.is_free = taken(self._file) is not False
        """Whether nobody else had it."""

    def release(self) -> None:
        """Let go of the folder."""
        self._file.close()

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            self._file.close()


_held: WeakValueDictionary[Path, Lock] = WeakValueDictionary()
"""By this process. Its run may be over without anybody having told: another node failed, and the host keeps what it was
given until it begins the next run. A server has one run after the other, so that one is over."""


def locked(folder: Path) -> Lock | None:
    """The lock of a folder, None if another process has it.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = folder.resolve()
    lock = _held.get(folder) or Lock(folder)
    if not lock.is_free:
        return None
    _held[folder] = lock
    return lock


def forget(folder: Path) -> None:
    """Let go of a folder that is removed."""
    lock = _held.pop(folder.resolve(), None)
    if lock is not None:
        lock.release()
