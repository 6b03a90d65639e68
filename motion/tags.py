"""Text tags in picture files that ffmpeg cannot write: PNG text chunks and the EXIF block of WebP.

Both are inserted while the finished file is copied, so memory stays constant.
"""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfileobj

PNG_HEADER_BYTES = 8 + 25
"""Signature and the IHDR chunk, which has to come first."""
EXIF_FLAG = 0x08
FIRST_EXIF_TAG = 0x010F
"""ComfyUI stores its tags downwards from "Make"."""


def tag_png(path: Path, tags: Mapping[str, str]) -> None:
    """Insert one ``tEXt`` chunk a tag after the header of a PNG or APNG file."""
    chunks = b"".join(_png_chunk(b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1", "replace")) for key, text in tags.items())
    tagged = path.with_name(path.name + ".tagged")
    with path.open("rb") as source, tagged.open("wb") as target:
        target.write(source.read(PNG_HEADER_BYTES))
        target.write(chunks)
        copyfileobj(source, target)
    tagged.replace(path)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tag_webp(path: Path, tags: Mapping[str, str]) -> None:
    """Append an EXIF chunk with one ``key:text`` entry a tag to an extended (animated) WebP file.

    Raises:
        ValueError: the file has no extended header to announce the chunk in.
    """
    exif = _exif([f"{key}:{text}" for key, text in tags.items()])
    chunk = b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2)
    with path.open("r+b") as file:
        header = file.read(21)
        if header[12:16] != b"VP8X":
            raise ValueError(f"{path.name} has no extended WebP header")
        file.seek(0, 2)
        size = file.tell() + len(chunk) - 8
        file.write(chunk)
        file.seek(4)
        file.write(struct.pack("<I", size))
        file.seek(20)
        file.write(bytes([header[20] | EXIF_FLAG]))


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
