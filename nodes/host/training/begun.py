"""A MotionLoRA from a file, to go on with."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from safetensors import SafetensorError, safe_open

from ....motion.formats import read_weights
from ....motion.temporal import LoraModel, MotionModel, fit, read_lora
from ....motion.training import learnable_lora


@dataclass(frozen=True)
class LoraToGoOnWith:
    """Its layers, and what somebody may not expect of them."""

    lora: LoraModel
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str, motion: MotionModel, file: str, rank: int) -> "LoraToGoOnWith":
        """The layers of a file.

        Args:
            file: the motion module's.
            rank: what was asked for.

        Raises:
            ValueError: it is no MotionLoRA, or does not fit the motion module.
        """
        name = os.path.basename(path)
        read = read_lora(read_weights(path), name)
        lora = learnable_lora(read)
        ranks = {change.down.shape[0] for change in read.changes.values()}
        notes = [*_doubts(name, file, rank, ranks, _told(path))]
        only = fit(lora, motion, name, file)
        return cls(lora, (*notes, only.rstrip(".")) if only else tuple(notes))


def _doubts(name: str, file: str, rank: int, ranks: set[int], told: Mapping[str, str]) -> Iterator[str]:
    own = told.get("motion_module")
    if own is not None and own != file:
        yield f"{name} was learnt beside {own}, and goes on beside {file}"
    if ranks != {rank}:
        yield f"{name} has the rank {', '.join(map(str, sorted(ranks)))}, which stays; rank {rank} does not count"


def _told(path: str) -> dict[str, str]:
    """What a file tells about itself, if it was learnt here."""
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
    except (OSError, SafetensorError):
        return {}
    return told if told.get("software") == "Kinema" else {}
