"""The finished pieces of a clip, in a folder that outlives whoever made them.

A piece is written under a name of its own and gets the right one when all of it is on the disk, together with its
checksum, so that a piece with that name is whole whatever happened. Files of other names in the folder are not ours and
are never removed.
"""

import contextlib
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..disk import is_full, settle
from .levels import Frames, levels
from .lock import LOCK, Lock, forget, locked
from .plan import PiecesError, Plan

MANIFEST, WRITING = "pieces.json", "writing.part"
NAME = re.compile(r"piece_(\d{5,})_([0-9a-f]{8})\.npy")
KIND = "kinema pieces"
CHANNELS = (3, 4)
CHECKED_BYTES = 16 << 20


@dataclass(frozen=True)
class Unfinished:
    """A folder of pieces, as it says itself."""

    folder: Path
    node: str
    settings: Mapping[str, Any]
    pieces: int
    """How many are there."""
    of: int
    size: int
    """Bytes."""


class Store:
    """The pieces of one clip.

    Args:
        folder: made with the first piece if it is not there.
        kind: uint8 or uint16.
        node: whose pieces they are.
        settings: what they were made with, as texts and numbers by name.

    Raises:
        PiecesError: the folder cannot be written, or another process works in it.
    """

    def __init__(self, folder: Path, plan: Plan, kind: np.dtype, node: str, settings: Mapping[str, Any]) -> None:
        self.folder, self.plan, self.kind = folder, plan, kind
        self.node, self.settings = node, dict(settings)
        self.damaged: list[int] = []
        """Pieces that were there and not whole."""
        self._whole: dict[int, Path] = {}
        self._lock: Lock | None = None
        if folder.is_dir():
            self._enter()

    def _enter(self) -> None:
        """Make the folder and keep others out of it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = locked(self.folder)
            if self._lock is None:
                raise PiecesError(
                    f"Another ComfyUI makes this clip at the moment, in {self.folder}. Wait for it, or stop it."
                )
            (self.folder / WRITING).unlink(missing_ok=True)
            about = {"kind": KIND, "node": self.node, "pieces": len(self.plan.pieces), "settings": self.settings}
            _write_text(self.folder / MANIFEST, json.dumps(about, indent=1))
        except OSError as error:
            raise _refused(self.folder, error) from error

    def has(self, number: int) -> bool:
        """Whether a piece is there and whole; it is read to know, once. One that is not whole is removed."""
        if number not in self._whole:
            for path, checksum in self._named(number):
                if self._is_whole(path, number, checksum):
                    self._whole[number] = path
                else:
                    self.damaged.append(number)
                    with contextlib.suppress(OSError):
                        path.unlink()
        return number in self._whole

    def missing(self) -> tuple[int, ...]:
        """The numbers of the pieces that are still to be made."""
        return tuple(piece.number for piece in self.plan.pieces if not self.has(piece.number))

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Height, width and channels of the pieces, None as long as there is none."""
        return next((self.read(number).shape[1:] for number in self._whole), None)

    def read(self, number: int) -> np.ndarray:
        """A piece, (frames, height, width, channels), mapped and not read."""
        return np.load(self._whole[number], mmap_mode="r")

    def write(self, number: int, frames: Frames, at_once: int) -> None:
        """Add a piece.

        Args:
            at_once: how many frames to ask for together.

        Raises:
            PiecesError: they are not as many or not as large as those of the piece, or the disk is full.
        """
        self._check(number, frames.shape)
        if self._lock is None:
            self._enter()
        writing = self.folder / WRITING
        try:
            checksum = self._write(writing, frames, at_once)
            finished = self.folder / f"piece_{number:05}_{checksum:08x}.npy"
            writing.replace(finished)
            settle(self.folder)
            self._whole[number] = finished
        except OSError as error:
            raise _refused(self.folder, error) from error
        finally:
            with contextlib.suppress(OSError):
                writing.unlink(missing_ok=True)
                if not any(NAME.fullmatch(path.name) for path in self.folder.iterdir()):
                    self.remove()

    def remove(self) -> None:
        """Remove the pieces, and the folder if there is nothing else in it."""
        forget(self.folder)
        self._lock = None
        ours = [path for path in self.folder.iterdir() if NAME.fullmatch(path.name)]
        for path in [*ours, self.folder / WRITING, self.folder / MANIFEST, self.folder / LOCK]:
            path.unlink(missing_ok=True)
        for folder in (self.folder, self.folder.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()  # refuses while somebody has something in it

    def _named(self, number: int) -> Iterator[tuple[Path, int]]:
        for path in sorted(self.folder.iterdir()) if self._lock else ():
            name = NAME.fullmatch(path.name)
            if name is not None and int(name[1]) == number:
                yield path, int(name[2], 16)

    def _is_whole(self, path: Path, number: int, checksum: int) -> bool:
        try:
            frames = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return False
        alike = self.shape in (None, frames.shape[1:])
        if frames.ndim != 4 or frames.dtype != self.kind or frames.shape[0] != self.plan.pieces[number].frames:
            return False
        return alike and _checksum(frames) == checksum

    def _check(self, number: int, shape: tuple[int, ...]) -> None:
        piece = self.plan.pieces[number]
        if self.has(number):
            raise PiecesError(
                f"Piece {number + 1} came twice. A node between Video in Pieces and Save Pieces makes a list of what "
                "it gets; leave it out, or join the list before Save Pieces."
            )
        if len(shape) != 4 or shape[3] not in CHANNELS:
            raise PiecesError(f"The frames of piece {number + 1} are no pictures in RGB or RGBA.")
        if shape[0] != piece.frames:
            raise PiecesError(
                f"Piece {number + 1} has {piece.frames} frames, but {shape[0]} came back. The nodes between Video in "
                "Pieces and Save Pieces must give as many frames as they get."
            )
        if self.shape not in (None, tuple(shape[1:])):
            raise PiecesError(_another_size(number, shape, self.shape or ()))

    def _write(self, path: Path, frames: Frames, at_once: int) -> int:
        checksum = 0
        with path.open("wb") as file:
            header = {"descr": self.kind.str, "fortran_order": False, "shape": tuple(frames.shape)}
            np.lib.format.write_array_header_1_0(file, header)
            for part in levels(frames, at_once, self.kind):
                data = np.ascontiguousarray(part).data.cast("B")
                checksum = zlib.crc32(data, checksum)
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return checksum


def unfinished(root: Path) -> list[Unfinished]:
    """The folders of pieces in a folder, the newest first."""
    found: list[tuple[float, Unfinished]] = []
    for manifest in root.glob(f"*/{MANIFEST}"):
        try:
            about = json.loads(manifest.read_text(encoding="utf-8"))
            pieces = [path for path in manifest.parent.iterdir() if NAME.fullmatch(path.name)]
            size = sum(path.stat().st_size for path in pieces)
            if about["kind"] == KIND and isinstance(about["settings"], dict):
                store = Unfinished(
                    manifest.parent, str(about["node"]), about["settings"], len(pieces), int(about["pieces"]), size
                )
                found.append((manifest.stat().st_mtime, store))
        except (OSError, ValueError, TypeError, KeyError):
            continue  # not ours, or gone meanwhile
    return [store for _, store in sorted(found, key=lambda each: each[0], reverse=True)]


def _another_size(number: int, shape: tuple[int, ...], other: tuple[int, ...]) -> str:
    return (
        f"The frames of piece {number + 1} have {shape[2]}x{shape[1]} pixels and {shape[3]} channels, those of the "
        f"pieces before it {other[1]}x{other[0]} and {other[2]}. The nodes between Video in Pieces and Save Pieces "
        "must make all pieces alike."
    )


def _checksum(frames: np.ndarray) -> int:
    checksum = 0
    at_once = max(1, CHECKED_BYTES // max(1, frames[:1].nbytes))
    for start in range(0, frames.shape[0], at_once):
        checksum = zlib.crc32(np.ascontiguousarray(frames[start : start + at_once]).data.cast("B"), checksum)
    return checksum


def _write_text(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _refused(folder: Path, error: OSError) -> PiecesError:
    if is_full(error):
        return PiecesError(
            f"The disk that holds {folder} is full. The pieces that are finished stay there: free some space and queue "
            "again to go on."
        )
    return PiecesError(f"The pieces cannot be kept in {folder} ({error.strerror}). Make it writable and queue again.")
