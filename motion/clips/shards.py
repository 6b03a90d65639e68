"""Tensors of many clips in one safetensors file, which has its name only when all of it is on the disk."""

import json
import math
import mmap
import re
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from ..disk import publish, settle, work_folder, write_settled
from .identity import LETTERS

NAME = re.compile(r"clips_[0-9a-f]{16}\.safetensors")
FORMAT, VERSION = "kinema_clips", "1"
CHECKSUMS = "checksums"
TYPES: Mapping[str, torch.dtype] = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F64": torch.float64,
    "I64": torch.int64,
}
LARGEST_HEADER = 64 << 20
_KEY = re.compile(rf"[0-9a-f]{{{LETTERS}}}")


class DamagedError(ValueError):
    """A shard is not as it was written."""


@dataclass(frozen=True)
class Place:
    """Where a tensor is in a shard."""

    type: torch.dtype
    shape: tuple[int, ...]
    start: int
    """Byte of the file."""
    checksum: int

    @property
    def size(self) -> int:
        """In bytes."""
        return math.prod(self.shape) * self.type.itemsize


@dataclass(frozen=True)
class _Header:
    entries: Mapping[str, Any]
    """What safetensors says about each tensor."""
    checksums: Mapping[str, Any]


def write_shard(folder: Path, tensors: Mapping[str, Tensor]) -> Path:
    """Add a shard to a folder.

    Args:
        tensors: by key, on the CPU, contiguous, of one of `TYPES`.

    Raises:
        OSError: it cannot be written; nothing of it is left.
    """
    checksums = {key: _checksum(key, tensor.dtype, tensor.shape, _bytes(tensor)) for key, tensor in tensors.items()}
    metadata = {"format": "pt", FORMAT: VERSION, CHECKSUMS: json.dumps(checksums)}
    data = save(dict(tensors), metadata)
    with work_folder(folder) as work:
        finished = work / "shard"
        write_settled(finished, [data])
        names = (folder / f"clips_{secrets.token_hex(8)}.safetensors" for _ in range(100))
        path = publish(finished, names)
    settle(folder)
    return path


class Shard:
    """A finished shard; nothing but its header is read at first.

    Raises:
        DamagedError: it is cut off or is no shard at all.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self._size = path.stat().st_size
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(LARGEST_HEADER, self._size - 8):
                raise DamagedError
            header = file.read(length)
        self._start = 8 + length
        self._header = _header(header, self._size - self._start)
        self._map: mmap.mmap | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """What is in it; nothing if it is of another version, or of somebody else."""
        return tuple(self._header.checksums)

    def read(self, key: str, check: bool) -> Tensor:
        """A tensor, mapped and not copied; it is not to be written to.

        Raises:
            DamagedError: its checksum is another one, or it is not there.
            OSError: the file is gone.
        """
        place = self._place(key)
        if self._map is None:
            with self.path.open("rb") as file:
                if self.path.stat().st_size != self._size:
                    raise DamagedError
                # a private copy of each page that somebody writes to: torch wants memory that can be written
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        if check:
            with memoryview(self._map) as whole, whole[place.start : place.start + place.size] as part:
                if _checksum(key, place.type, place.shape, part) != place.checksum:
                    raise DamagedError
        numbers = torch.frombuffer(self._map, dtype=place.type, count=math.prod(place.shape), offset=place.start)
        return numbers.view(place.shape)

    def _place(self, key: str) -> Place:
        try:
            entry = self._header.entries[key]
            begin, end = (int(number) for number in entry["data_offsets"])
            shape = tuple(int(side) for side in entry["shape"])
            place = Place(TYPES[entry["dtype"]], shape, self._start + begin, int(self._header.checksums[key]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedError from error
        is_inside = 0 <= begin <= end <= self._size - self._start
        if min(shape, default=1) < 1 or end - begin != place.size or not is_inside:
            raise DamagedError
        return place


def _checksum(key: str, kind: torch.dtype, shape: Sequence[int], data: memoryview) -> int:
    """Of all that a shard says about a tensor, so that no damage to its header can give a name to something else."""
    return zlib.crc32(data, zlib.crc32(f"{key} {kind} {tuple(shape)}".encode()))


def _bytes(tensor: Tensor) -> memoryview:
    return tensor.reshape(-1).view(torch.uint8).numpy().data


def _header(data: bytes, size: int) -> _Header:
    """The header of a shard with so many bytes behind it; each entry is looked at when it is read."""
    try:
        entries: dict[str, Any] = json.loads(data)
        metadata = entries.pop("__metadata__", {})
        if metadata.get(FORMAT) != VERSION:
            return _Header({}, {})
        checksums: dict[str, Any] = json.loads(metadata[CHECKSUMS])
        end = max(entry["data_offsets"][1] for entry in entries.values())
        is_whole = end == size and checksums.keys() == entries.keys() and all(map(_KEY.fullmatch, checksums))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise DamagedError from error
    if not is_whole:
        raise DamagedError
    return _Header(entries, checksums)
