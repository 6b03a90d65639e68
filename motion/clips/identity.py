"""What a clip is, by the bytes it is made of, so that one that was moved or copied is known again."""

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .catalogue import Clip
from .choosing import View
from .sources import FRAMES, frames_of

LETTERS = 32
"""Of a key: 128 bits, in which no two of a billion clips meet."""
KNOWN = "sources.txt"
SETTLED = 2.0
"""Seconds after which another change of a file has another time on every file system."""
_LINE = re.compile(rf"([0-9a-f]{{{LETTERS}}}) ([0-9a-f]{{{LETTERS}}})")


class Contents:
    """What files hold, remembered in a folder by their names, sizes and times.

    It is only a shortcut: without it, or with a damaged line in it, files are read once more.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / KNOWN
        self._known: dict[bytes, bytes] = {}
        with contextlib.suppress(OSError), self._path.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                match = _LINE.fullmatch(line.rstrip("\n"))
                if match is not None:
                    self._known[bytes.fromhex(match[1])] = bytes.fromhex(match[2])

    def of(self, clip: Clip) -> str:
        """The key of what a clip holds.

        Raises:
            OSError: it cannot be read.
        """
        paths = frames_of(clip.source) if clip.kind == FRAMES else [clip.source]
        about = [(os.path.abspath(path), os.stat(path)) for path in paths]
        stamp = key_of("files", files=[(path, stat.st_size, stat.st_mtime_ns) for path, stat in about])
        known = self._known.get(bytes.fromhex(stamp))
        if known is not None:
            return known.hex()
        content = key_of("content", parts=[_digest(path) for path in paths])
        if max((stat.st_mtime for _, stat in about), default=0.0) < time.time() - SETTLED:
            self._remember(stamp, content)
        return content

    def _remember(self, stamp: str, content: str) -> None:
        self._known[bytes.fromhex(stamp)] = bytes.fromhex(content)
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # one write at the end of the file, so that lines of several processes do not mix
            opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(opened, f"{stamp} {content}\n".encode())
            finally:
                os.close(opened)


def content_of_frames(frames: Tensor) -> str:
    """The key of frames (frames, height, width, channels) that are in memory."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(np.ascontiguousarray(frame.cpu().numpy()).data)
    return key_of("content", shape=list(frames.shape), kind=str(frames.dtype), digest=digest.hexdigest())


def content_of_tensors(tensors: Mapping[str, Tensor]) -> str:
    """The key of weights, whatever file they came from and in whatever order."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode("utf-8", "surrogatepass"))
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return key_of("content", digest=digest.hexdigest())


def latents_key(content: str, view: View, size: tuple[int, int], encoder: str) -> str:
    """The key of the latents of a view.

    Args:
        size: height and width in pixels.
        encoder: what the VAE is, such as a hash of its weights.
    """
    shown = {"frames": view.frames, "mirrored": view.mirrored, "size": size}
    return key_of("latents", content=content, encoder=encoder, **shown)


def text_key(caption: str, encoder: str) -> str:
    """The key of a caption as a text encoder reads it.

    Args:
        encoder: what that is, such as a hash of its weights, and its settings.
    """
    return key_of("text", caption=caption, encoder=encoder)


def length_key(content: str) -> str:
    """The key of the number of frames of a clip."""
    return key_of("length", content=content)


def key_of(what: str, **about: Any) -> str:
    """A name of `LETTERS` letters for numbers and texts."""
    written: Mapping[str, Any] = {"what": what, **about}
    told = json.dumps(written, sort_keys=True, default=list)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:LETTERS]


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
