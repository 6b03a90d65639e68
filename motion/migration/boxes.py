"""Tags of MP4 and QuickTime files, which keep their names in one place and their texts in another."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

Data = bytes | mmap
DEEPEST = 4
INSIDE = frozenset({b"moov", b"udta", b"meta"})
"""Boxes with others in them, on the way to the tags."""
COMMENT = b"\xa9cmt"
MOST_KEYS = 10_000


@dataclass(frozen=True)
class _Box:
    """A part of a file: its kind, and from where to where its contents go, in bytes."""

    kind: bytes
    start: int
    end: int


def is_mp4(data: Data) -> bool:
    """Whether a file begins as MP4 and QuickTime files do."""
    return data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def tags_of(data: Data) -> Iterator[tuple[str, bytes]]:
    """Names and texts of the tags, as far as the file can be read."""
    yield from _inside(data, _Box(b"", 0, len(data)), 0)


def _inside(data: Data, outer: _Box, depth: int) -> Iterator[tuple[str, bytes]]:
    names: list[str] = []
    for box in _boxes(data, outer.start, outer.end):
        if box.kind == b"keys":
            names = _names(data, box)
        elif box.kind == b"ilst":
            yield from _texts(data, box, names)
        elif box.kind in INSIDE and depth < DEEPEST:
            # in MP4, but not in QuickTime, four bytes stand before the boxes of this one
            skipped = 4 if box.kind == b"meta" and data[box.start + 4 : box.start + 8] != b"hdlr" else 0
            yield from _inside(data, _Box(box.kind, box.start + skipped, box.end), depth + 1)


def _boxes(data: Data, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        head = 8
        if size == 1 and start + 16 <= end:
            head, size = 16, struct.unpack(">Q", data[start + 8 : start + 16])[0]
        elif size == 0:
            size = end - start
        if size < head:
            return
        yield _Box(kind, start + head, min(start + size, end))
        start += size


def _names(data: Data, box: _Box) -> list[str]:
    """The names of tags, which are then known by their number."""
    found: list[str] = []
    at = box.start + 8
    while at + 8 <= box.end and len(found) < MOST_KEYS:
        (size,) = struct.unpack(">I", data[at : at + 4])
        if size < 8:
            break
        found.append(data[at + 8 : min(at + size, box.end)].decode("utf-8", "replace"))
        at += size
    return found


def _texts(data: Data, box: _Box, names: list[str]) -> Iterator[tuple[str, bytes]]:
    for item in _boxes(data, box.start, box.end):
        (number,) = struct.unpack(">I", item.kind)
        name = names[number - 1] if 0 < number <= len(names) else "comment" if item.kind == COMMENT else ""
        for inner in _boxes(data, item.start, item.end):
            if inner.kind == b"name":
                name = data[inner.start + 4 : inner.end].decode("utf-8", "replace")
            elif inner.kind == b"data" and name:
                # what kind of text it is, and its language, stand before it
                yield name, data[inner.start + 8 : inner.end]
