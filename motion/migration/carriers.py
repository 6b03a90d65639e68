"""Files that carry a workflow: JSON, and pictures and videos with a graph inside. Standard library only."""

import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MOST_BYTES = 4 << 30
MOST_TEXT = 64 << 20
"""Bytes of text that are unpacked at most."""
PICTURES = frozenset({".png", ".apng", ".webp", ".jpg", ".jpeg", ".gif"})
VIDEOS = frozenset({".mp4", ".mov", ".m4v", ".webm", ".mkv"})
JSONS = frozenset({".json"})
KINDS = PICTURES | VIDEOS | JSONS
KEYS = ("workflow", "prompt")
PNG = b"\x89PNG\r\n\x1a\n"
OPENING = re.compile(rb"\{\s*\"|\[")


class NoWorkflowError(ValueError):
    """There is no workflow in a file, for a reason a person can understand."""


def read_workflow(path: Path) -> Any:
    """The graph in a file; the API prompt if that is all there is.

    Raises:
        NoWorkflowError: there is none, or the file cannot be read.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise NoWorkflowError(f"{path.name} is larger than {MOST_BYTES >> 30} GB")
        data = path.read_bytes()
    except OSError as error:
        raise NoWorkflowError(f"{path.name} cannot be read: {error.strerror or error}") from error
    if path.suffix.lower() in JSONS:
        return _parsed(data, path.name)
    texts: dict[str, str] = {}
    for key, text in _texts(data):
        texts.setdefault(key.lower(), text)
    for key in KEYS:
        if key in texts:
            return _parsed(texts[key].encode(), path.name)
    raise NoWorkflowError(f"there is no workflow in {path.name}")


def _parsed(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except RecursionError as error:
        raise NoWorkflowError(f"{name} is nested too deeply") from error
    except ValueError as error:
        raise NoWorkflowError(f"{name} is no JSON: {error}") from error


def _texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Names and texts that a picture or video carries."""
    if data.startswith(PNG):
        yield from _png(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        yield from _webp(data)
    else:
        yield from _named(data)


def _png(data: bytes) -> Iterator[tuple[str, str]]:
    at = len(PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
        name, _, rest = body.partition(b"\0")
        if kind == b"tEXt":
            yield name.decode("latin-1"), _decoded(rest)
        elif kind == b"zTXt":
            yield name.decode("latin-1"), _decoded(_unpacked(rest[1:]))
        elif kind == b"iTXt" and len(rest) > 2:
            packed, rest = rest[0], rest[2:]
            text = rest.split(b"\0", 2)[-1]
            yield name.decode("latin-1"), _decoded(_unpacked(text) if packed else text)


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, MOST_TEXT)
    except zlib.error:
        return b""


def _webp(data: bytes) -> Iterator[tuple[str, str]]:
    """ComfyUI writes ``workflow:{...}`` into tags of a webp's Exif."""
    at = 12
    while at + 8 <= len(data):
        kind, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        if kind == b"EXIF":
            yield from _named(data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2


def _named(data: bytes) -> Iterator[tuple[str, str]]:
    """JSON that stands behind the name of a workflow, whatever the container; the text ends where its JSON does."""
    for key in KEYS:
        for found in re.finditer(re.escape(key.encode()), data, re.IGNORECASE):
            start = data.find(b"{", found.end(), found.end() + 64)
            if start < 0:
                continue
            text = _balanced(data, start)
            if text is not None:
                yield key, text
                break
    # VideoHelperSuite and others put both into one comment
    for text in _comments(data):
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            continue
        for key in KEYS:
            value = inner.get(key) if isinstance(inner, dict) else None
            if value:
                yield key, value if isinstance(value, str) else json.dumps(value)


def _comments(data: bytes) -> Iterator[str]:
    for found in re.finditer(rb"comment", data, re.IGNORECASE):
        start = data.find(b"{", found.end(), found.end() + 64)
        text = _balanced(data, start) if start >= 0 else None
        if text is not None:
            yield text


def _balanced(data: bytes, start: int) -> str | None:
    """The JSON object that begins here, None if it does not end or is none."""
    text = _decoded(data[start : start + MOST_TEXT], errors="ignore")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return text[:end]


def _decoded(data: bytes, errors: str = "replace") -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1") if errors == "replace" else data.decode("utf-8", errors)
