"""The files that a prompt names, and whether another machine has the same."""

import functools
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import comfyui_version
import folder_paths
import torch
from comfy.cli_args import args

INPUT, ANYWHERE = "input", "path"
"""Where else a file may lie than in a folder for models."""
TEMPORARY = "[temp]"
"""Ending of names in the host's temporary folder, which no other process has."""
EMBEDDING = re.compile(r"embedding:([^\s,()\[\]{}]+)")
"""As texts name them, perhaps with a weight behind."""
EMBEDDINGS, ENDINGS = "embeddings", ("", ".safetensors", ".pt", ".bin")
DECIDE = ("force_fp", "fp16_", "fp32_", "fp64_", "bf16_", "fp8_", "use_", "fast", "deterministic", "default_hashing")
"""Beginnings of command-line options that decide what numbers a model makes."""
NOT_MODELS = ("custom_nodes", "configs")
LONGEST = 512
"""Letters of a name; what is longer is a text."""
_PACK = Path(__file__).parents[3]


def files_of(prompt: Mapping[str, Any]) -> dict[str, str]:
    """Every file that an input of a prompt names: ``folder/name`` to a hash of what is in it."""
    texts = {value for node in prompt.values() for value in node["inputs"].values() if isinstance(value, str)}
    named = {text for text in texts if 0 < len(text) < LONGEST and "\n" not in text and "\0" not in text}
    named = {name for name in named if not name.rstrip().endswith(TEMPORARY)}
    named |= {name for text in texts for name in _embeddings(text)}
    return {file: content for name in sorted(named) for file in _places(name) if (content := content_of(file))}


def content_of(file: str) -> str:
    """A hash of a file of this ComfyUI, empty if it has none of that name."""
    folder, _, name = file.partition("/")
    path = _path(folder, name)
    if path is None:
        return ""
    if os.path.isfile(path):
        return _of_file(path)
    digest = hashlib.sha256()
    # of a folder that was named, the pictures in it
    with os.scandir(path) as entries:
        for entry in sorted((entry for entry in entries if entry.is_file()), key=lambda entry: entry.name):
            digest.update(f"{entry.name} {_of_file(entry.path)}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """What has to be the same on every machine: ComfyUI and its options, torch, and every line of this pack."""
    options = {name: value for name, value in vars(args).items() if name.startswith(DECIDE) and value}
    return {
        "ComfyUI": comfyui_version.__version__,
        "Kinema": _pack(),
        # kinds of one version for other devices are as good
        "torch": torch.__version__.partition("+")[0],
        "options of ComfyUI": ", ".join(f"{name}={options[name]!r}" for name in sorted(options)) or "none",
    }


def _places(name: str) -> Iterator[str]:
    for folder in folder_paths.folder_names_and_paths:
        if folder not in NOT_MODELS and _path(folder, name) is not None:
            yield f"{folder}/{name}"
    for kind in (INPUT, ANYWHERE):
        if _path(kind, name) is not None:
            yield f"{kind}/{name}"


def _embeddings(text: str) -> Iterator[str]:
    """Files that a text asks for, whichever ending they have."""
    for name in EMBEDDING.findall(text):
        for candidate in dict.fromkeys((name, name.partition(":")[0])):
            yield from (f"{candidate}{ending}" for ending in ENDINGS if _path(EMBEDDINGS, f"{candidate}{ending}"))


def _path(folder: str, name: str) -> str | None:
    try:
        if folder == ANYWHERE:
            return name if os.path.isabs(name) and os.path.exists(name) else None
        if folder == INPUT:
            found = folder_paths.exists_annotated_filepath(name)
            return folder_paths.get_annotated_filepath(name) if found else None
        return folder_paths.get_full_path(folder, name) if folder in folder_paths.folder_names_and_paths else None
    except ValueError:
        # on Windows, for a text that begins like a drive
        return None


def _of_file(path: str) -> str:
    stat = os.stat(path)
    return _hash(path, stat.st_size, stat.st_mtime_ns)


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
