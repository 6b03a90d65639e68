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
EXIF_FLAG, ALPHA_FLAG = 0x08, 0x10
"""Bits of the extended WebP header."""
FIRST_EXIF_TAG = 0x010F
"""ComfyUI stores its tags downwards from "Make"."""


def tag_png(path: Path, tags: Mapping[str, str]) -> None:
    """Insert one ``tEXt`` chunk a tag after the header of a PNG or APNG file."""
    chunks = b"".join(
        _png_chunk(b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1", "replace"))
        for key, text in tags.items()
    )
    tagged = path.with_name(path.name + ".tagged")
    with path.open("rb") as source, tagged.open("wb") as target:
        target.write(source.read(PNG_HEADER_BYTES))
        target.write(chunks)
        copyfileobj(source, target)
    tagged.replace(path)


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
    tagged = path.with_name(path.name + ".tagged")
    with path.open("rb") as source, tagged.open("wb") as target:
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
    tagged.replace(path)


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
