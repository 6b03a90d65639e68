"""Files that carry a workflow: JSON, and pictures and videos with a graph inside. Standard library only."""

import json
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .api import is_prompt
from .ui import is_scope

MOST_BYTES = 4 << 30
MOST_TEXT = 64 << 20
"""Bytes of text that are unpacked at most."""
PICTURES = frozenset({".png", ".apng", ".webp", ".jpg", ".jpeg", ".gif"})
VIDEOS = frozenset({".mp4", ".mov", ".m4v", ".webm", ".mkv"})
JSONS = frozenset({".json"})
KINDS = PICTURES | VIDEOS | JSONS
KEYS = ("workflow", "prompt")
PNG = b"\x89PNG\r\n\x1a\n"
BLANK = b"\xef\xbb\xbf \t\r\n"


class NoWorkflowError(ValueError):
    """There is no workflow in a file, for a reason a person can understand."""


@dataclass(frozen=True)
class Carried:
    """What a file carries: a saved graph, an API prompt, or both."""

    workflow: Any = None
    prompt: Any = None


def read_workflow(path: Path) -> Any:
    """The graph in a file; the API prompt if that is all there is, or whatever else a JSON file has.

    Raises:
        NoWorkflowError: there is none, or the file cannot be read.
    """
    if path.suffix.lower() in JSONS:
        return read_json(_bytes(path, path.name), path.name)
    found = read_carried(path, path.name)
    return found.prompt if found.workflow is None else found.workflow


def read_carried(path: Path, name: str) -> Carried:
    """The graph and the API prompt in a file.

    Args:
        name: what people call the file.

    Raises:
        NoWorkflowError: there is neither, or the file cannot be read.
    """
    data = _bytes(path, name)
    if path.suffix.lower() in JSONS or data[:64].lstrip(BLANK)[:1] == b"{":
        return _sorted(read_json(data, name), name)
    texts: dict[str, str] = {}
    for key, text in _texts(data):
        texts.setdefault(key.lower(), text)
    found = Carried(*(read_json(texts[key].encode(), name) if key in texts else None for key in KEYS))
    if found == Carried():
        raise NoWorkflowError(f"there is no workflow in {name}")
    return found


def _sorted(data: Any, name: str) -> Carried:
    """A JSON file is a graph or a prompt."""
    if is_scope(data):
        return Carried(workflow=data)
    if isinstance(data, dict) and is_prompt(data):
        return Carried(prompt=data)
    raise NoWorkflowError(f"{name} is neither a saved graph nor an API prompt")


def _bytes(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise NoWorkflowError(f"{name} is larger than {MOST_BYTES >> 30} GB")
        return path.read_bytes()
    except OSError as error:
        raise NoWorkflowError(f"{name} cannot be read: {error.strerror or error}") from error


def read_json(data: bytes, name: str = "it") -> Any:
    """JSON as programs write it; NaN and Infinity, which Python writes and browsers do not read, become null.

    Raises:
        NoWorkflowError: it is none.
    """
    try:
        return json.loads(data, parse_constant=lambda _: None)
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
