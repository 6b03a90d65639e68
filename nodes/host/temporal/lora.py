"""A MotionLoRA file as a ComfyUI model patcher of its own, beside the motion module's."""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass

import comfy.model_patcher
import comfy.ops
import comfy.utils

from ....motion.formats import read_weights
from ....motion.temporal import LoraModel, fit, load_lora_model, read_lora
from ....motion.values import ONE, MotionValue
from .motion import LoadedFile, LoadedMotion, file_fingerprint, managed

KEPT = 4
"""Files kept in memory, so that a graph run again with another strength reads nothing."""


class LoadedLora(LoadedFile[LoraModel]):
    """The weights of one file."""


@dataclass(frozen=True)
class MotionLora:
    """One entry on a MotionLoRA wire: weights, how strongly and when they act."""

    loaded: LoadedLora
    strength: MotionValue = ONE
    start_percent: float = 0.0
    end_percent: float = 1.0


def load_lora(path: str) -> LoadedLora:
    """Read and load a MotionLoRA file.

    Raises:
        WeightFileError: the file cannot be read.
        LoraError: it is no MotionLoRA, or damaged.
    """
    return _load_once(path, file_fingerprint(path))


@functools.lru_cache(KEPT)
def _load_once(path: str, _fingerprint: object) -> LoadedLora:
    return LoadedLora(_load_patcher(path), os.path.basename(path))


def _load_patcher(path: str, disable_dynamic: bool = False) -> comfy.model_patcher.ModelPatcher:
    file = os.path.basename(path)
    tensors = read_weights(path)
    read = read_lora(tensors, file)
    return managed(
        tensors,
        lambda dtype, place: load_lora_model(read, comfy.ops.manual_cast, dtype, place),
        (_load_patcher, (path,)),
        disable_dynamic,
    )


def check_loras(motion: LoadedMotion, loras: Sequence[MotionLora]) -> list[str]:
    """Refuse MotionLoRAs that do not fit a motion module; say which ones apply in part.

    Raises:
        LoraError: the widths differ, or nothing applies.
    """
    files = dict.fromkeys(lora.loaded for lora in loras)
    told = [fit(loaded.model, motion.model, loaded.file, motion.file) for loaded in files]
    return [text for text in told if text is not None]


__all__ = ["LoadedLora", "MotionLora", "check_loras", "load_lora"]
