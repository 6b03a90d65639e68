"""Where a training is put down, and where what it learnt is saved: into the folder that its loader lists."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from safetensors import SafetensorError, safe_open

from ....motion.disk import numbered
from ....motion.training import Checkpoints, TrainingError
from ....motion.video import PrefixError, clean_prefix
from .. import folders

FOLDER = ("kinema", "training")
LETTERS = 12
"""Of what tells one training from others, in the name of its folder."""
FINISHED = "finished.json"
EXAMPLE = "mine/zoom"


EXTENSIONS = (".safetensors", ".ckpt", ".pth", ".pt")
"""What people write behind the name of a file that gets one anyway."""


def _clean(name: str, cut: bool = False) -> PurePosixPath:
    ending = next((each for each in EXTENSIONS if name.lower().endswith(each)), "")
    clean = clean_prefix(name[: len(name) - len(ending)], cut=cut, inside="models", example=EXAMPLE)
    hidden = next((part for part in clean.parts if part[0] in ".~"), None)
    if hidden is not None:
        raise PrefixError(
            f"{hidden!r} in the filename prefix begins with {hidden[0]}, which hides files or means another folder; "
            f"write for example {EXAMPLE}"
        )
    return clean


def name_problem(name: str) -> str | None:
    """What is wrong with the name of a file, None if nothing is."""
    try:
        _clean(name)
    except PrefixError as error:
        return str(error)
    return None


@dataclass(frozen=True)
class Place:
    """The places of one training."""

    folder: Path
    """Of its checkpoints."""
    models: Path
    """The model folder of what it becomes."""
    name: str
    """Of the file, with slashes for folders below that one."""

    @classmethod
    def of(cls, kind: str, name: str, identity: str) -> "Place":
        """The places of a training.

        Args:
            kind: a model folder of `nodes.host.folders`.
            identity: changes when a training would go otherwise.

        Raises:
            TrainingError: the name cannot be used, or the model folder cannot be written.
        """
        try:
            clean = _clean(name, cut=True)
        except PrefixError as error:
            raise TrainingError(f"The name {name!r} cannot be used: {error}.") from error
        models = Path(folders.saving_folder(kind))
        models.mkdir(parents=True, exist_ok=True)
        if not os.access(models, os.W_OK):
            raise TrainingError(f"Nothing was learnt: {models} cannot be written. Change its permissions.")
        folder = Path(folders.output_folder(), *FOLDER, *clean.parent.parts, f"{clean.name}_{identity[:LETTERS]}")
        return cls(folder, models, str(clean))

    @property
    def stem(self) -> str:
        """What the folders of all trainings of this name begin with."""
        return PurePosixPath(self.name).name

    @property
    def checkpoints(self) -> Checkpoints:
        """Of this training."""
        return Checkpoints(self.folder)

    def files(self, part: str, step: int | None = None) -> Iterator[Path]:
        """Names for a file, to be taken in turn.

        Args:
            part: of what is learnt, added to the name; nothing where there is one alone.
            step: after which it is saved, None at the end.
        """
        path = self.models / self.name
        name = f"{path.name}_{part}" if part else path.name
        return numbered(path.parent, name if step is None else f"{name}_step_{step}", ".safetensors")

    def finished(self, step: int) -> dict[str, Path] | None:
        """The files that were saved after so many steps, by part, if all of them are still there and whole."""
        paths = {part: Path(path) for part, path in self._finished().get(str(step), {}).items()}
        return paths if paths and all(map(_is_whole, paths.values())) else None

    def remember(self, step: int, paths: Mapping[str, Path]) -> None:
        """Remember files, so that the same training queued again gives them; only a shortcut."""
        files = {**self._finished(), str(step): {part: str(path) for part, path in paths.items()}}
        with contextlib.suppress(OSError):
            (self.folder / FINISHED).write_text(json.dumps(files), encoding="utf-8")

    def _finished(self) -> dict[str, dict[str, str]]:
        """Files by part, by the step after which they were saved."""
        try:
            told = json.loads((self.folder / FINISHED).read_text(encoding="utf-8"))
            return {step: {part: str(path) for part, path in files.items()} for step, files in told.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def _is_whole(path: Path) -> bool:
    """Whether a file has all that its head says."""
    try:
        with safe_open(path, "pt"):
            return True
    except (OSError, SafetensorError):
        return False
