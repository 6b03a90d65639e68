"""Trainings put down on the disk, so that whatever is killed goes on from the last one.

A checkpoint has its name when all of it is on the disk. A new one is there before the one before the last goes.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..disk import is_full, publish, settle, sweep, work_folder
from .errors import TrainingError
from .state import Curve, State

NAME = re.compile(r"step_([0-9]{8})(?:_[0-9]+)?\.safetensors")
KEPT = 2
ABOUT = "kinema_training"
LOSSES, RATES = "curve/losses", "curve/rates"


class Checkpoints:
    """Those of one training, in a folder of its own, which is made when the first is saved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(self) -> State | None:
        """The newest that is whole, None if there is none."""
        for path in self._paths():
            with contextlib.suppress(OSError, SafetensorError, ValueError, KeyError):
                return _read(path)
        return None

    def save(self, state: State) -> Path:
        """Put a training down.

        Raises:
            TrainingError: the disk is full or cannot be written; what was saved before is still there.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            sweep(self.folder)
            with work_folder(self.folder) as work:
                written = work / "checkpoint.safetensors"
                _write(written, state)
                path = publish(written, _names(self.folder, state.step))
            settle(self.folder)
        except (OSError, SafetensorError) as error:
            full = isinstance(error, OSError) and is_full(error)
            raise TrainingError(
                f"The checkpoint of step {state.step} cannot be saved in {self.folder} "
                f"({'the disk is full' if full or 'No space' in str(error) else error}). Make room or choose another "
                "output folder, and queue it again: it goes on from the checkpoint before."
            ) from error
        for old in self._paths()[KEPT:]:
            with contextlib.suppress(OSError):
                old.unlink()
        return path

    def _paths(self) -> list[Path]:
        """From the newest on."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            found = [(int(match[1]), entry.name) for entry in entries if (match := NAME.fullmatch(entry.name))]
        return [self.folder / name for _, name in sorted(found, reverse=True)]


def _names(folder: Path, step: int) -> Iterator[Path]:
    """One a step; a damaged one may have it."""
    yield folder / f"step_{step:08}.safetensors"
    number = 2
    while True:
        yield folder / f"step_{step:08}_{number}.safetensors"
        number += 1


def _write(path: Path, state: State) -> None:
    tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in state.tensors.items()}
    tensors[LOSSES] = torch.tensor(state.curve.losses, dtype=torch.float64)
    tensors[RATES] = torch.tensor(state.curve.rates, dtype=torch.float64)
    about = {"step": state.step, "values": state.values, "validations": dict(state.curve.validations)}
    save_file(tensors, path, {ABOUT: json.dumps(about)})
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _read(path: Path) -> State:
    with safe_open(path, "pt") as file:
        about = json.loads((file.metadata() or {})[ABOUT])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    losses, rates = (tuple(tensors.pop(key).tolist()) for key in (LOSSES, RATES))
    validations = {int(step): loss for step, loss in about["validations"].items()}
    return State(about["step"], tensors, about["values"], Curve(losses, rates, validations))
