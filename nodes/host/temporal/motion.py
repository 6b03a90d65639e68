"""A motion file as a ComfyUI model patcher, with everything that accompanies it on its wire."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import comfy.ops
import torch
from torch import Tensor

from ....motion.character import MUSEPOSE_POSITIONS
from ....motion.formats import read_weights, recognise, shapes_of
from ....motion.temporal import (
    MotionModel,
    PositionAdjustment,
    load_motion_model,
    position_matrix,
    sinusoidal_positions,
)
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
        return cls.around(read_weights(path), os.path.basename(path))

    @classmethod
    def around(cls, tensors: Mapping[str, Tensor], file: str) -> Weights:
        """The tensors of a motion file, recognised.

        Raises:
            WeightFileError, MotionFormatError: see `read`.
        """
        recognised = recognise(shapes_of(tensors), file)
        return Weights(
            # a training checkpoint holds a whole image model besides
            {key: tensors[key] for key in (*recognised.keys, *recognised.picture_keys)},
            lambda state, dtype, device: load_motion_model(
                state, recognised, file, comfy.ops.manual_cast, dtype, device
            ),
        )


class MusePoseWeights(MotionWeights):
    """A motion file as the code of MusePose reads it, which makes the position tables anew, with 128 rows."""

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read and recognise a motion file; one that is not built like AnimateDiff v2 keeps its tables.

        Raises:
            WeightFileError, MotionFormatError: see `MotionWeights.read`.
        """
        file, tensors = os.path.basename(path), dict(read_weights(path))
        recognised = recognise(shapes_of(tensors), file)
        if recognised.structure.has_mid and recognised.max_frames < MUSEPOSE_POSITIONS:
            for key, (_, leaf) in recognised.keys.items():
                if leaf.endswith("positions.table"):
                    tensors[key] = sinusoidal_positions(MUSEPOSE_POSITIONS, tensors[key].shape[-1])[None]
        return cls.around(tensors, file)


@dataclass(frozen=True)
class LoadedMotion:
    """What travels on a motion-model wire."""

    loaded: MotionWeights
    adjustments: tuple[PositionAdjustment, ...] = ()
    """What is done to its position tables, one after the other."""
    companions: tuple[Companion, ...] = ()
    """What accompanies it, in the order in which it was added."""
    window: int = 0
    """Frames it is used with at once where its format does not say so, as releases of Animate Anyone have it."""

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
    def trained_frames(self) -> int:
        """Frames it was trained on."""
        return self.window or self.model.format.trained_frames

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


def load_motion(path: str, weights: type[MotionWeights] = MotionWeights) -> LoadedMotion:
    """Read, recognise and load a motion file, unless it is in use or was the last one to be asked for.

    Args:
        weights: how to read it.

    Raises:
        WeightFileError: the file cannot be read, or holds NaN.
        MotionFormatError: it is no motion module.
    """
    return LoadedMotion(weights.load(path))
