"""What clips and captions are to the networks, kept on the disk: made once, whatever is trained with it.

There is no index that could be wrong: every shard says what is in it, and a shard that has its name is whole. Several
processes may add to one folder; what two of them make at once is there twice.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from torch import Tensor

from ..disk import is_full, sweep
from .errors import ClipsError
from .shards import NAME, TYPES, DamagedError, Shard, write_shard

SHARD_BYTES, SHARD_ENTRIES, SHARD_SECONDS = 64 << 20, 8192, 30.0
"""A shard is written when it has come to one of these, so that a crash costs no more than that."""
MOST_OPEN = 64
"""Shards that are mapped at a time; a system has limits."""
ENTRIES_BITS = 20


class Unit(NamedTuple):
    """A measure of files."""

    name: str
    bytes: int


UNITS = (Unit("GB", 1 << 30), Unit("MB", 1 << 20), Unit("KB", 1 << 10))


class Cache:
    """Tensors by key, in a folder.

    As a context, what was added is on the disk behind it, whatever happened.

    Args:
        folder: made if it is not there.

    Raises:
        ClipsError: it cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: list[str] = []
        """Names of shards that were removed because they were not whole."""
        self._names: list[str] = []
        self._sizes: list[int] = []
        self._index: dict[bytes, int] = {}
        """The number of its shard and its own in it, as one number: there are hundreds of thousands."""
        self._checked: list[bytearray] = []
        self._open: OrderedDict[int, Shard] = OrderedDict()
        self._waiting: dict[str, Tensor] = {}
        self._waiting_bytes, self._since = 0, 0.0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            sweep(folder)
            self.refresh()
        except OSError as error:
            raise _refused(folder, error) from error

    def __enter__(self) -> "Cache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def __contains__(self, key: str) -> bool:
        return key in self._waiting or bytes.fromhex(key) in self._index

    def __len__(self) -> int:
        return len(self._index) + len(self._waiting)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(self._sizes)

    def told(self) -> str:
        """How much there is, in a few words."""
        unit = next((unit for unit in UNITS if self.size >= unit.bytes), UNITS[-1])
        return f"{len(self)} entries in {len(self._names)} files, {self.size / unit.bytes:.1f} {unit.name}"

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Those that are not there, each once."""
        return [key for key in dict.fromkeys(keys) if key not in self]

    def refresh(self) -> None:
        """See what other processes have added or removed."""
        there: set[str] = set()
        with contextlib.suppress(FileNotFoundError):
            there = {path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name)} - set(self.damaged)
        if not there.issuperset(self._names):
            self._forget()
        for name in sorted(there.difference(self._names)):
            self._take(name)

    def add(self, key: str, tensor: Tensor) -> None:
        """Keep a tensor; it is on the disk after the next `flush`.

        Raises:
            ClipsError: the disk is full, or the folder cannot be written.
        """
        if key in self:
            return
        if tensor.dtype not in TYPES.values() or tensor.numel() == 0:
            raise ClipsError(f"A tensor of {tensor.dtype} with {tensor.numel()} numbers cannot be kept.")
        if not self._waiting:
            self._since = time.monotonic()
        # memory of its own: a view would keep all of a batch, and what is shared cannot be saved
        self._waiting[key] = tensor.detach().to("cpu", copy=True).contiguous()
        self._waiting_bytes += tensor.nbytes
        is_large = self._waiting_bytes >= SHARD_BYTES or len(self._waiting) >= SHARD_ENTRIES
        if is_large or time.monotonic() - self._since >= SHARD_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what was added.

        Raises:
            ClipsError: the disk is full, or the folder cannot be written. What was added since the last time is lost.
        """
        waiting, self._waiting, self._waiting_bytes = self._waiting, {}, 0
        if not waiting:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._take(write_shard(self.folder, waiting).name)
        except OSError as error:
            raise _refused(self.folder, error) from error

    def read(self, key: str) -> Tensor:
        """A tensor, mapped from the disk and not to be written to.

        Raises:
            ClipsError: it is not there, or is damaged: then its shard is removed.
        """
        if key in self._waiting:
            return self._waiting[key]
        place = self._index.get(bytes.fromhex(key))
        if place is None:
            raise ClipsError(f"A part of the prepared clips is not in {self.folder}. Prepare them again.")
        number, entry = place >> ENTRIES_BITS, place & ((1 << ENTRIES_BITS) - 1)
        name = self._names[number]
        try:
            tensor = self._opened(number).read(key, check=not self._checked[number][entry])
        except (DamagedError, FileNotFoundError) as error:
            self._forget()
            self._remove(name)
            self.refresh()
            if key in self:  # another process had made it, too
                return self.read(key)
            raise ClipsError(
                f"{name} in {self.folder} is damaged or gone, and with it some of the prepared clips. Prepare them "
                "again: only those are made anew."
            ) from error
        except OSError as error:
            raise ClipsError(f"{name} in {self.folder} cannot be read ({error.strerror}). Queue again.") from error
        self._checked[number][entry] = 1
        return tensor

    def remove(self) -> None:
        """Remove everything that is kept, and the folder if there is nothing else in it."""
        self._waiting.clear()
        self.refresh()
        for name in self._names:
            with contextlib.suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)
        self._forget()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _opened(self, number: int) -> Shard:
        if number not in self._open:
            self._open[number] = Shard(self.folder / self._names[number])
            if len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(number)
        return self._open[number]

    def _take(self, name: str) -> None:
        try:
            shard = Shard(self.folder / name)
        except FileNotFoundError:
            return
        except DamagedError:
            self._remove(name)
            return
        number = len(self._names)
        self._names.append(name)
        self._sizes.append((self.folder / name).stat().st_size)
        self._checked.append(bytearray(len(shard.keys)))
        for entry, key in enumerate(shard.keys):
            self._index.setdefault(bytes.fromhex(key), number << ENTRIES_BITS | entry)

    def _remove(self, name: str) -> None:
        self.damaged.append(name)
        with contextlib.suppress(OSError):
            (self.folder / name).unlink(missing_ok=True)

    def _forget(self) -> None:
        self._names, self._sizes, self._checked = [], [], []
        self._index.clear()
        self._open.clear()


def _refused(folder: Path, error: OSError) -> ClipsError:
    if is_full(error):
        return ClipsError(
            f"The disk that holds {folder} is full. What is prepared so far stays there: free some space and queue "
            "again to go on."
        )
    return ClipsError(f"Clips cannot be kept in {folder} ({error.strerror}). Make it writable and queue again.")
