"""Pose files in the running ComfyUI's input folder, where pictures and videos to load lie too."""

import os

import folder_paths

from ....motion.video import natural
from ..files import file_fingerprint

ENDING = ".json"


def pose_names() -> list[str]:
    """The JSON files of the input folder, and its folders that hold JSON files, which end in a slash."""
    root = folder_paths.get_input_directory()
    try:
        entries = sorted(os.scandir(root), key=lambda entry: natural(entry.name))
    except OSError:
        return []
    files = [entry.name for entry in entries if entry.is_file() and _is_pose(entry.name)]
    return files + [f"{entry.name}/" for entry in entries if entry.is_dir() and _holds_pose(entry.path)]


def pose_paths(name: str) -> list[str]:
    """The files behind a listed name, those of a folder in natural order: frame 2 before frame 10.

    Raises:
        FileNotFoundError: it is not, or no longer, in the input folder.
    """
    root = folder_paths.get_input_directory()
    if name not in pose_names():
        raise FileNotFoundError(f"There is no pose {name} in {root}. Put it there and refresh the node list (R).")
    path = os.path.join(root, name)
    if not name.endswith("/"):
        return [path]
    return [os.path.join(path, file) for file in sorted(filter(_is_pose, os.listdir(path)), key=natural)]


def pose_fingerprint(name: str) -> object:
    """Changes when a file of the pose is replaced, added or removed."""
    try:
        return [(path, file_fingerprint(path)) for path in pose_paths(name)]
    except OSError as error:
        return str(error)


def _is_pose(name: str) -> bool:
    return name.lower().endswith(ENDING)


def _holds_pose(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(_is_pose(entry.name) for entry in entries)
    except OSError:
        return False
