"""Texts that pictures, sounds and videos carry under the names of a workflow. Standard library only."""

import json
import struct
import zlib
from collections.abc import Iterator

from .boxes import Data, is_mp4, tags_of

KEYS = ("workflow", "prompt")
NAMES = (*KEYS, "comment")
"""VideoHelperSuite and others put both into one comment."""
MOST_TEXT = 64 << 20
"""Bytes of a text at most, also unpacked."""
PNG, GIF = b"\x89PNG\r\n\x1a\n", b"GIF8"
WINDOW, BLOCK = 64 << 10, 16 << 20
NEAR = 64
"""Bytes between a name and its text."""
MOST_PLACES, MOST_TRIES = 10_000, 8
"""Places where a name stands, and those of them with a long text that is none after all, before a search ends."""


def texts_in(data: Data) -> Iterator[bytes]:
    """Texts that may be a workflow, in their order."""
    if data[:8] == PNG:
        yield from _png(data)
    elif data[:4] == GIF:
        yield from _gif(data)
    else:
        found = False
        for name, text in tags_of(data) if is_mp4(data) else ():
            if name.lower() in NAMES:
                found = True
                yield text
        if not found:
            yield from _searched(data)


def _png(data: Data) -> Iterator[bytes]:
    at = len(PNG)
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            name, _, rest = data[at + 8 : at + 8 + length].partition(b"\0")
            if name.decode("latin-1").lower() in NAMES:
                yield _png_text(kind, rest)
        at += 12 + length


def _png_text(kind: bytes, rest: bytes) -> bytes:
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _unpacked(rest[1:])
    text = rest[2:].split(b"\0", 2)[-1]
    return _unpacked(text) if rest[:1] == b"\1" else text


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, MOST_TEXT)
    except zlib.error:
        return b""


def _gif(data: Data) -> Iterator[bytes]:
    """Comments, which lie in pieces with their lengths between them, behind the name and a colon."""
    # a byte of flags tells how many colours stand behind the head
    at = 13 + (3 << ((data[10] & 7) + 1) if len(data) > 10 and data[10] & 0x80 else 0)
    while at + 2 <= len(data):
        kind, label = data[at], data[at + 1]
        if kind == 0x2C and at + 10 <= len(data):
            flags = data[at + 9]
            at += 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
            label = 0
        elif kind == 0x21:
            at += 2
        else:
            return
        pieces: list[bytes] = []
        while at < len(data) and data[at]:
            if label == 0xFE:
                pieces.append(data[at + 1 : at + 1 + data[at]])
            at += 1 + data[at]
        at += 1
        if pieces:
            comment = b"".join(pieces)
            name, _, text = comment.partition(b":")
            yield text if name.decode("latin-1").lower() in NAMES else comment


def _searched(data: Data) -> Iterator[bytes]:
    """JSON that stands behind the name of a workflow, whatever the container; the text ends where its JSON does."""
    tries = MOST_TRIES
    for name in NAMES:
        for at in _places(data, name):
            start = data.find(b"{", at, at + NEAR)
            if start < 0 or data[start + 1 : start + NEAR].lstrip()[:1] not in (b'"', b"}"):
                continue
            text = _object_at(data, start)
            if text is not None:
                yield text
            elif tries := tries - 1:
                continue
            else:
                return


def _places(data: Data, name: str) -> Iterator[int]:
    """Where a name ends, in the spellings that programs use."""
    left = MOST_PLACES
    spellings = [spelling.encode() for spelling in (name, name.upper(), name.capitalize())]
    # in pieces, so that other threads get their turn
    for block in range(0, len(data), BLOCK):
        for spelling in spellings:
            at = block - 1
            while left and (at := data.find(spelling, at + 1, block + BLOCK + len(spelling) - 1)) >= 0:
                left -= 1
                yield at + len(spelling)


def _object_at(data: Data, start: int) -> bytes | None:
    """The JSON object that begins here, None if it does not end or is none."""
    window = WINDOW
    while True:
        text = data[start : start + window].decode("utf-8", "ignore")
        try:
            _, end = json.JSONDecoder().raw_decode(text)
        except RecursionError:
            return None
        except json.JSONDecodeError as error:
            cut = error.pos >= len(text) - NEAR or error.msg.startswith("Unterminated")
            if not cut or window >= MOST_TEXT or start + window >= len(data):
                return None
            window *= 16
        else:
            return text[:end].encode("utf-8", "surrogatepass")
