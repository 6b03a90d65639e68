"""A motion file as a ComfyUI model patcher, with everything that accompanies it on its wire."""

import os
from dataclasses import dataclass, replace
from functools import cached_property

import comfy.ops
import torch

from ....motion.formats import read_weights, recognise
from ....motion.temporal import MotionModel, PositionAdjustment, load_motion_model, position_matrix
from ..files import LoadedFile, Weights
from .companion import Companion


class MotionWeights(LoadedFile[MotionModel]):
    """The weights of one motion file; one is kept, because it takes up to 2 GB."""

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read and recognise a motion file.

        Raises:
            WeightFileError: the file cannot be read, or holds NaN.
            MotionFormatError: it is no motion module.
        """
        file = os.path.basename(path)
        tensors = read_weights(path)
        recognised = recognise({key: tuple(tensor.shape) for key, tensor in tensors.items()}, file)
        return Weights(
            # a training checkpoint holds a whole image model besides
            {key: tensors[key] for key in (*recognised.keys, *recognised.picture_keys)},
            lambda state, dtype, device: load_motion_model(
                state, recognised, file, comfy.ops.manual_cast, dtype, device
            ),
        )


@dataclass(frozen=True)
class LoadedMotion:
    """What travels on a motion-model wire."""

    loaded: MotionWeights
    adjustments: tuple[PositionAdjustment, ...] = ()
    """What is done to its position tables, one after the other."""
    companions: tuple[Companion, ...] = ()
    """What accompanies it, in the order in which it was added."""

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.loaded.file

    @property
    def model(self) -> MotionModel:
        """The temporal layers."""
        return self.loaded.model

    @cached_property
    def rows(self) -> torch.Tensor | None:
        """The matrix that adjusts the position tables, None if they stay as they are."""
        return position_matrix(self.model.max_frames, self.adjustments) if self.adjustments else None

    @property
    def max_frames(self) -> int:
        """Longest clip the position tables can number."""
        return self.model.max_frames if self.rows is None else self.rows.shape[0]

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """What nodes have added to it, as (what, answer) lines."""
        lines = [] if self.rows is None else [("positions", f"adjusted, up to {self.max_frames} frames at once")]
        return (*lines, *((companion.role, companion.describe()) for companion in self.companions))

    @property
    def left_out(self) -> str | None:
        """What of its file is not used, None if all of it is."""
        lines = [f"{what} {answer}" for what, answer in self.model.left_out]
        return f"{self.file}: {'; '.join(lines)}." if lines else None

    def adjusted(self, adjustment: PositionAdjustment) -> "LoadedMotion":
        """The same motion module with its position tables adjusted once more.

        Raises:
            PositionError: no table is left.
        """
        changed = replace(self, adjustments=(*self.adjustments, adjustment))
        position_matrix(self.model.max_frames, changed.adjustments)
        return changed

    def accompanied(self, companion: Companion) -> "LoadedMotion":
        """The same motion module with one more companion, in place of one with the same role.

        Raises:
            ValueError: the companion does not fit it.
        """
        companion.check_motion(self)
        others = (other for other in self.companions if other.role != companion.role)
        return replace(self, companions=(*others, companion))


def load_motion(path: str) -> LoadedMotion:
    """Read, recognise and load a motion file, unless it is in use or was the last one to be asked for.

    Raises:
        WeightFileError: the file cannot be read, or holds NaN.
        MotionFormatError: it is no motion module.
    """
    return LoadedMotion(MotionWeights.load(path))
