"""A MotionLoRA file as a ComfyUI model patcher of its own, beside the motion module's."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import comfy.ops
from torch import Tensor

from ....motion.formats import Block, read_weights
from ....motion.temporal import LoraModel, Mixing, MotionModel, Term, fit, load_lora_model, read_lora
from ....motion.values import ALWAYS, Acts, MotionValue
from ..files import LoadedFile, Weights
from ..sampling import Moment
from .companion import Acting, Clip, WeightedCompanion
from .motion import LoadedMotion
from .runtime import Runtime


class LoraWeights(LoadedFile[LoraModel]):
    """The weights of one MotionLoRA."""

    kept: ClassVar[int] = 4

    @classmethod
    def read(cls, path: str) -> Weights:
        """Read a MotionLoRA file.

        Raises:
            WeightFileError: the file cannot be read.
            LoraError: it is no MotionLoRA, or damaged.
        """
        tensors = read_weights(path)
        lora = read_lora(tensors, os.path.basename(path))
        return Weights(tensors, lambda _, dtype, device: load_lora_model(lora, comfy.ops.manual_cast, dtype, device))


@dataclass(frozen=True, eq=False)
class MotionLora(WeightedCompanion[LoraWeights]):
    """One entry on a MotionLoRA wire: weights, how strongly and when they act."""

    loaded: LoraWeights
    acts: Acts = ALWAYS
    role: ClassVar[str] = "MotionLoRA"

    def describe(self) -> str:
        """Its file."""
        return self.loaded.file

    def check_motion(self, motion: LoadedMotion) -> list[str]:
        """What to say of a MotionLoRA that applies in part.

        Raises:
            LoraError: the widths differ, or nothing applies.
        """
        told = fit(self.loaded.model, motion.model, self.loaded.file, motion.file)
        return [] if told is None else [told]

    def check_clip(self, clip: Clip) -> list[str]:
        """What to say of strengths that are shorter than the clip."""
        return self.acts.told_short(f"the strength of {self.loaded.file}", clip.frames)

    def at(self, moment: Moment, model: MotionModel, weights: Sequence[Any]) -> "ActingLora | None":
        """Its layers, None where it does not act."""
        strength = moment.now.strength(self.acts)
        return None if strength.is_zero else ActingLora(weights[0], strength)


@dataclass(frozen=True)
class ActingLora(Acting):
    """A MotionLoRA in one call of the model."""

    model: LoraModel
    strength: MotionValue

    @property
    def values(self) -> Sequence[MotionValue]:
        """Its strength."""
        return (self.strength,)

    def mixed(self, mixing: Mixing, block: Block, x: Tensor, runtime: Runtime) -> Mixing:
        """Its low-rank terms beside those of others."""
        layers = self.model.at(block)
        if not layers:
            return mixing
        strength = runtime.strength(self.strength, x)
        return mixing.beside({leaf: Term(layer, strength) for leaf, layer in layers.items()})
