"""Text tags in picture files that ffmpeg cannot write: PNG text chunks, the EXIF block of WebP and comments of GIF.

They are inserted while the finished file is copied, so memory stays constant.
"""

import contextlib
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from shutil import copyfileobj
from typing import IO

PNG_HEADER_BYTES = 8 + 25
"""Signature and the IHDR chunk, which has to come first."""
EXIF_FLAG, ALPHA_FLAG = 0x08, 0x10
"""Bits of the extended WebP header."""
FIRST_EXIF_TAG = 0x010F
"""ComfyUI stores its tags downwards from "Make"."""
MOST_TAGS = 100
MOST_TAG_BYTES = 64 << 20
"""Of all tags of a file."""
PNG_KEY_BYTES = 79
GIF_BLOCK, GIF_END = 255, b"\x3b"


def writable(tags: Mapping[str, str], kind: str | None) -> tuple[dict[str, str], list[str]]:
    """Tags that a kind of file can hold, and the keys of the others.

    Args:
        kind: as `Codec.tags` has it.
    """
    kept: dict[str, str] = {}
    room = MOST_TAG_BYTES
    for key, text in tags.items() if kind is not None else ():
        size = len(key) + len(text)
        if len(kept) < MOST_TAGS and size <= room and _is_key(key, kind) and "\0" not in text:
            kept[key] = text
            room -= size
    return kept, [key for key in tags if key not in kept] if kind is not None else []


def _is_key(key: str, kind: str | None) -> bool:
    if not key.isprintable() or not key.strip() or len(key) > 1000:
        return False
    if kind == "png":
        return (
            len(key) <= PNG_KEY_BYTES
            and key == key.strip()
            and key.encode("latin-1", "ignore").decode("latin-1") == key
        )
    # a line that begins so is the head of a section in the file ffmpeg reads tags from
    return kind != "container" or not key.startswith("[")


def tag_png(path: Path, tags: Mapping[str, str], _width: int = 0, _height: int = 0) -> None:
    """Insert one ``tEXt`` chunk a tag after the header of a PNG or APNG file."""
    chunks = b"".join(
        _png_chunk(b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1", "replace"))
        for key, text in tags.items()
    )
    with _rewritten(path) as (source, target):
        target.write(source.read(PNG_HEADER_BYTES))
        target.write(chunks)
        copyfileobj(source, target)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tag_webp(path: Path, tags: Mapping[str, str], width: int, height: int) -> None:
    """Append an EXIF chunk with one ``key:text`` entry a tag to a WebP file.

    Args:
        width, height: of the picture; a file with a single frame has no header that could announce the chunk, so
            one is put in front.
    """
    exif = _exif([f"{key}:{text}" for key, text in tags.items()])
    chunk = _riff_chunk(b"EXIF", exif)
    with _rewritten(path) as (source, target):
        riff, kind, first = source.read(12), source.read(4), source.read(17)
        if kind == b"VP8X":
            start = kind + first[:4] + bytes([first[4] | EXIF_FLAG]) + first[5:]
        else:
            # of the single-frame kinds only VP8L can hold alpha; bit 28 of its header says so
            alpha = ALPHA_FLAG if kind == b"VP8L" and first[8] & 0x10 else 0
            canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
            start = _riff_chunk(b"VP8X", bytes([EXIF_FLAG | alpha, 0, 0, 0]) + canvas) + kind + first
        target.write(riff + start)
        copyfileobj(source, target)
        target.write(chunk)
        size = target.tell() - 8
        target.seek(4)
        target.write(struct.pack("<I", size))


def tag_gif(path: Path, tags: Mapping[str, str], _width: int = 0, _height: int = 0) -> None:
    """Append a comment with ``key:text`` for each tag to a GIF file, before the byte that ends it."""
    with _rewritten(path) as (source, target):
        copyfileobj(source, target)
        target.seek(-1, os.SEEK_END)
        for key, text in tags.items():
            target.write(b"\x21\xfe")
            for block in _blocks(f"{key}:{text}".encode("utf-8", "replace"), GIF_BLOCK):
                target.write(bytes([len(block)]) + block)
            target.write(b"\0")
        target.write(GIF_END)


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    """Pieces of a size, the last one shorter."""
    return (data[start : start + size] for start in range(0, len(data), size))


TAGGERS: Mapping[str, Callable[[Path, Mapping[str, str], int, int], None]] = {
    "png": tag_png,
    "webp": tag_webp,
    "gif": tag_gif,
}
"""Functions that put tags into a finished file, by the kind `Codec.tags` names; they need the picture's size."""


@contextlib.contextmanager
def _rewritten(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A file to read and the one to take its place; it stays as it is when anything fails."""
    tagged = path.with_name(path.name + ".tagged")
    try:
        with path.open("rb") as source, tagged.open("wb") as target:
            yield source, target
        tagged.replace(path)
    finally:
        tagged.unlink(missing_ok=True)


def _riff_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _exif(texts: list[str]) -> bytes:
    """A little-endian TIFF block with one ASCII entry a text."""
    start = 8 + 2 + 12 * len(texts) + 4
    entries, values = [], b""
    for number, text in enumerate(texts):
        value = text.encode("utf-8") + b"\0"
        entries.append(struct.pack("<HHII", FIRST_EXIF_TAG - number, 2, len(value), start + len(values)))
        values += value
    # readers expect the entries in ascending tag order
    return b"II*\0" + struct.pack("<IH", 8, len(texts)) + b"".join(sorted(entries, key=_tag)) + b"\0" * 4 + values


def _tag(entry: bytes) -> int:
    return struct.unpack_from("<H", entry)[0]
