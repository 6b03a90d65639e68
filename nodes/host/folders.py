"""Model folders and save paths of the running ComfyUI."""

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folder_paths

from ...motion.disk import numbered, sweep, sweep_tree
from ...motion.video import PrefixError, clean_prefix

MOTION_MODULES = "animatediff_models"
MOTION_LORAS = "animatediff_motion_lora"
LORAS = "loras"
CONTROLNETS = "controlnet"
ANIMATE_ANYONE = "animate_anyone"
TUNE_A_VIDEO = "tune_a_video"
EVALUATION = "evaluation"
IMAGE_MODELS = "diffusion_models"
HOSTS_OWN = (LORAS, CONTROLNETS, IMAGE_MODELS)
"""Those that ComfyUI has without this pack."""
MAX_TEXT_BYTES = 16 << 20
"""Of a text file to read."""


def model_names(*folders: str) -> list[str]:
    """Files of one or several model folders, each name once; a folder the host does not know is registered first."""
    for folder in folders:
        _register(folder)
    return list(dict.fromkeys(name for folder in folders for name in folder_paths.get_filename_list(folder)))


def model_path(folder: str, name: str) -> str | None:
    """Full path of a listed file, None if it is gone."""
    _register(folder)
    return folder_paths.get_full_path(folder, name)


def existing_path(folder: str, name: str, what: str) -> str:
    """Full path of a listed file.

    Args:
        what: the kind of file, for the message.

    Raises:
        FileNotFoundError: it is gone.
    """
    return first_path((folder,), name, what)


def first_path(folders: Sequence[str], name: str, what: str) -> str:
    """Full path of a file that is listed in one of several folders.

    Raises:
        FileNotFoundError: it is in none of them any more.
    """
    path = next((path for folder in folders if (path := model_path(folder, name)) is not None), None)
    if path is not None:
        return path
    broken = next((link for folder in folders if (link := _broken_link(folder, name)) is not None), None)
    if broken is not None:
        raise FileNotFoundError(
            f"The {what} {name} is a link to {broken}, where there is no file. Put the file there, or renew the link."
        )
    raise FileNotFoundError(
        f"The {what} {name} is gone. Put it back into {model_folder(folders[0])} and refresh the node list (R)."
    )


def _broken_link(folder: str, name: str) -> str | None:
    """Where a listed file points to, if it is a link and there is nothing."""
    paths = [os.path.join(root, name) for root in folder_paths.get_folder_paths(folder)]
    return next((os.readlink(path) for path in paths if os.path.islink(path) and not os.path.exists(path)), None)


def model_folder(folder: str) -> str:
    """The folder to name in messages."""
    _register(folder)
    return folder_paths.get_folder_paths(folder)[0]


def saving_folder(folder: str) -> str:
    """Where a new file goes.

    For folders that ComfyUI knows of itself that is its own choice. All others begin with those that
    extra_model_paths.yaml names, which other programs use too, so a file goes into ComfyUI's own.
    """
    _register(folder)
    if folder in HOSTS_OWN:
        return folder_paths.get_folder_paths(folder)[0]
    return os.path.join(folder_paths.models_dir, folder)


def input_names(ending: str) -> list[str]:
    """Files with an ending at the top of the input folder."""
    with os.scandir(folder_paths.get_input_directory()) as entries:
        return sorted(entry.name for entry in entries if entry.name.lower().endswith(ending) and entry.is_file())


def input_path(name: str) -> str | None:
    """Full path of a listed file in the input folder, None if it is gone or not one of its own."""
    path = os.path.join(folder_paths.get_input_directory(), os.path.basename(name))
    return path if os.path.isfile(path) else None


def media_names(*kinds: str, also: Sequence[str] = ()) -> list[str]:
    """Files at the top of the input folder that are videos or whatever else, by their endings.

    Args:
        kinds: as MIME types begin, such as "video".
        also: further endings.
    """
    with os.scandir(folder_paths.get_input_directory()) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file())
    wanted: Any = list(kinds)
    listed = {*folder_paths.filter_files_content_types(names, wanted)}
    return [name for name in names if name in listed or name.lower().endswith(tuple(also))]


def media_path(name: str) -> str:
    """Full path of a file in the input folder, or with "[output]" or "[temp]" behind its name in those.

    Raises:
        FileNotFoundError: it is not there, or not inside of these folders.
    """
    try:
        path = folder_paths.get_annotated_filepath(name)
        if os.path.isfile(path):
            return path
    except (ValueError, OSError):
        path = name
    if os.path.isdir(path):
        raise FileNotFoundError(f"{name} is a folder. Choose a file, or load its pictures with Load Image Sequence.")
    raise FileNotFoundError(missing_input(name))


def stamp(path: str) -> tuple[str, int, int]:
    """What changes when a file is replaced: its path, when it was written, and its bytes."""
    about = os.stat(path)
    return path, about.st_mtime_ns, about.st_size


def missing_input(name: str) -> str:
    """What to say of a file that is not in the input folder."""
    return (
        f"{name} is not in ComfyUI's input folder. Put it there and refresh the node list (R), or choose another file."
    )


def input_text(name: str) -> str:
    """A text file in the input folder; what is no text in it becomes a replacement sign.

    Raises:
        FileNotFoundError: it is gone.
        ValueError: it is larger than any text of this kind.
    """
    path = input_path(name)
    if path is None:
        raise FileNotFoundError(missing_input(name))
    if os.path.getsize(path) > MAX_TEXT_BYTES:
        raise ValueError(f"{name} has more than {MAX_TEXT_BYTES >> 20} MB, too much for a text. Choose another file.")
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _register(folder: str) -> None:
    """Add a folder id without dropping what other packs or extra_model_paths.yaml registered."""
    known = folder_paths.folder_names_and_paths
    paths, extensions = known.get(folder, ([], set()))
    default = os.path.join(folder_paths.models_dir, folder)
    if default not in paths or not folder_paths.supported_pt_extensions <= set(extensions):
        known[folder] = (
            list(dict.fromkeys([*paths, default])),
            set(extensions) | folder_paths.supported_pt_extensions,
        )


class SavePathError(ValueError):
    """The filename prefix cannot be used; the message says why."""


@dataclass(frozen=True)
class SavePath:
    """Where one save goes: a folder that exists, and the numbered names in it from the first that is free."""

    folder: Path
    subfolder: str
    name: str
    counter: int
    kind: str
    """"output" or "temp", as the front end asks for it."""

    def paths(self, ending: str) -> Iterator[Path]:
        """Names to take, one after the other, because other servers may save to the folder too.

        Args:
            ending: with its dot, or nothing for a folder.
        """
        return numbered(self.folder, self.name, ending, self.counter)


def check_prefix(prefix: str) -> str | None:
    """What is wrong with a filename prefix, None if nothing is."""
    try:
        clean_prefix(prefix)
    except PrefixError as error:
        return str(error)
    return None


def save_path(prefix: str, temporary: bool, width: int, height: int) -> SavePath:
    """The next numbered names for a prefix whose tokens are filled in.

    Raises:
        SavePathError: the prefix is malformed, leads out of the folder, or the folder cannot be written.
    """
    root = folder_paths.get_temp_directory() if temporary else folder_paths.get_output_directory()
    try:
        clean = clean_prefix(prefix, cut=True)
    except PrefixError as error:
        raise SavePathError(f"Nothing was saved: {error}.") from error
    if not _is_inside(root, os.path.join(root, clean.parent)):
        raise SavePathError(
            f"Nothing was saved: the filename prefix {prefix!r} leads out of the folder {root} through a link; choose "
            "another."
        )
    try:
        # it reads its own tokens, such as %width%, and looks which numbers are taken
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(str(clean), root, width, height)
    except OSError as error:
        raise SavePathError(
            f"Nothing was saved: the folder for {prefix!r} cannot be made in {root} ({error.strerror})."
        ) from error
    if not os.access(folder, os.W_OK):
        raise SavePathError(f"Nothing was saved: {folder} cannot be written. Change its permissions or the prefix.")
    _sweep_once(root)
    sweep(Path(folder))
    return SavePath(Path(folder), subfolder, name, counter, "temp" if temporary else "output")


@functools.cache
def _sweep_once(root: str) -> None:
    """Remove what a killed server left, when the first clip of this one is saved."""
    sweep_tree(Path(root))


def _is_inside(root: str, path: str) -> bool:
    real_root = os.path.realpath(root)
    return os.path.commonpath((real_root, os.path.realpath(path))) == real_root


def output_folder() -> str:
    """The host's output folder, made if the host has not done so yet."""
    folder = folder_paths.get_output_directory()
    os.makedirs(folder, exist_ok=True)
    return folder


def temporary_folder() -> str:
    """The host's temp folder, made if the host has not done so yet."""
    folder = folder_paths.get_temp_directory()
    os.makedirs(folder, exist_ok=True)
    return folder
