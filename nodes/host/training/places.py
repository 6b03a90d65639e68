"""Where a training is put down, and where what it learnt is saved: into the folder that its loader lists."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ....motion.disk import numbered
from ....motion.training import Checkpoints, TrainingError
from ....motion.video import PrefixError, clean_prefix
from .. import folders

FOLDER = ("kinema", "training")
LETTERS = 12
"""Of what tells one training from others, in the name of its folder."""
FINISHED = "finished.json"


def _clean(name: str, cut: bool = False) -> PurePosixPath:
    return clean_prefix(name, cut=cut, inside="models", example="mine/zoom")


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
        """The files that were saved after so many steps, by part, if all of them are still there."""
        try:
            told = json.loads((self.folder / FINISHED).read_text(encoding="utf-8"))
            paths = {part: Path(path) for part, path in told["files"].items()}
            return paths if told["step"] == step and paths and all(map(Path.is_file, paths.values())) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def remember(self, step: int, paths: Mapping[str, Path]) -> None:
        """Remember files, so that the same training queued again gives them; only a shortcut."""
        files = {part: str(path) for part, path in paths.items()}
        try:
            (self.folder / FINISHED).write_text(json.dumps({"step": step, "files": files}), encoding="utf-8")
        except OSError:
            return
