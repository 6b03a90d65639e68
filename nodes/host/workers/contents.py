"""The files that a prompt names, and whether another machine has the same."""

import functools
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import comfyui_version
import folder_paths

INPUT = "input"
NOT_MODELS = ("custom_nodes", "configs")
LONGEST = 512
"""Letters of a name; what is longer is a text."""
_PACK = Path(__file__).parents[3]


def files_of(prompt: Mapping[str, Any]) -> dict[str, str]:
    """Every file that an input of a prompt names: ``folder/name`` to a hash of what is in it."""
    named = {
        value
        for node in prompt.values()
        for value in node["inputs"].values()
        if isinstance(value, str) and 0 < len(value) < LONGEST and "\n" not in value and "\0" not in value
    }
    return {file: content for name in sorted(named) for file in _places(name) if (content := content_of(file))}


def content_of(file: str) -> str:
    """A hash of a file of this ComfyUI, empty if it has none of that name."""
    folder, _, name = file.partition("/")
    path = _path(folder, name)
    if path is None or not os.path.isfile(path):
        return ""
    stat = os.stat(path)
    return _hash(path, stat.st_size, stat.st_mtime_ns)


def versions() -> dict[str, str]:
    """What has to be the same on every machine: ComfyUI, and every line of this pack."""
    return {"ComfyUI": comfyui_version.__version__, "Kinema": _pack()}


def _places(name: str) -> Iterator[str]:
    for folder in folder_paths.folder_names_and_paths:
        if folder not in NOT_MODELS and _path(folder, name) is not None:
            yield f"{folder}/{name}"
    if _path(INPUT, name) is not None:
        yield f"{INPUT}/{name}"


def _path(folder: str, name: str) -> str | None:
    if folder == INPUT:
        found = folder_paths.exists_annotated_filepath(name)
        return folder_paths.get_annotated_filepath(name) if found else None
    return folder_paths.get_full_path(folder, name) if folder in folder_paths.folder_names_and_paths else None


@functools.lru_cache(maxsize=256)
def _hash(path: str, size: int, changed: int) -> str:
    """Read a file, once for each size and time of change."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def _pack() -> str:
    digest = hashlib.sha256()
    for file in sorted(path for room in ("motion", "nodes") for path in (_PACK / room).rglob("*.py")):
        digest.update(file.relative_to(_PACK).as_posix().encode())
        # line ends differ between systems
        digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]
