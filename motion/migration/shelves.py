"""The model files below a ComfyUI models folder, for the command line; a server asks its nodes."""

import os
from collections.abc import Mapping
from pathlib import Path

from .asked import Files
from .loaders import LOADERS
from .models import EXTENSIONS

ALSO: Mapping[str, tuple[str, ...]] = {
    "text_encoders": ("clip",),
    "diffusion_models": ("unet",),
    "controlnet": ("t2i_adapter",),
}
"""Folders whose files ComfyUI lists with those of another."""


def files_below(models: Path) -> Files:
    """What the lists of nodes offer if these are the models.

    Args:
        models: a folder laid out like ComfyUI's ``models``.
    """
    known: dict[str, list[str]] = {}

    def files(type: str, name: str) -> list[str] | None:
        places = next((one.folders for one in LOADERS.get(type, ()) if one.name == name), None)
        if places is None:
            return None
        folders = [folder for place in places for folder in (place, *ALSO.get(place, ()))]
        for folder in folders:
            if folder not in known:
                known[folder] = _names(models / folder)
        return [found for folder in folders for found in known[folder]]

    return files


def _names(folder: Path) -> list[str]:
    found: list[str] = []
    for place, _, names in os.walk(folder, followlinks=True):
        below = Path(place).relative_to(folder)
        found += [str(below / name) for name in names if name.lower().endswith(EXTENSIONS)]
    return sorted(found)
