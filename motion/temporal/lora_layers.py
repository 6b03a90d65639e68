"""The layers of a MotionLoRA, and whether they fit a motion module."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..formats import Block
from .lora_files import LoraError, LoraFile, Target
from .lowrank import LowRankLinear
from .module import MotionModel


class LoraModel(nn.Module):
    """The low-rank layers of one MotionLoRA file. It knows UNet blocks and leaves, not the motion module."""

    def __init__(
        self, read: LoraFile, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__()
        self.dtype = dtype
        self.tensors, self.unexplained, self.others = read.tensors, read.unexplained, read.others
        self.counts = tuple(change.tensors for change in read.changes.values())
        self.targets: tuple[Target, ...] = tuple(read.changes)
        self.layers = nn.ModuleList(
            LowRankLinear(change.widths, change.down.shape[0], change.scale, operations, dtype, device)
            for change in read.changes.values()
        )
        self._at: dict[Block, dict[str, int]] = {}
        for number, (site, leaf) in enumerate(self.targets):
            self._at.setdefault(site.block, {})[leaf] = number

    def get_dtype(self) -> torch.dtype | None:
        """Storage dtype of the weights, asked for by model managers."""
        return self.dtype

    def at(self, block: Block) -> Mapping[str, LowRankLinear]:
        """The low-rank layers of a UNet block by the canonical name of the layer they stand beside."""
        return {leaf: self.layers[number] for leaf, number in self._at.get(block, {}).items()}  # type: ignore[misc]


def load_lora_model(
    read: LoraFile, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
) -> LoraModel:
    """Build the layers of a file and copy its weights in."""
    model = LoraModel(read, operations, dtype, device)
    state = {}
    for number, change in enumerate(read.changes.values()):
        state |= {f"layers.{number}.down.weight": change.down, f"layers.{number}.up.weight": change.up}
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


def fit(lora: LoraModel, motion: MotionModel, lora_file: str, motion_file: str) -> str | None:
    """Compare a MotionLoRA with the motion module it is put on.

    Returns:
        What to tell if only a part of it applies, None if all of it does.

    Raises:
        LoraError: the widths differ, or nothing applies.
    """
    used, missing = 0, []
    for (site, leaf), count in zip(lora.targets, lora.counts, strict=True):
        widths, wanted = lora.at(site.block)[leaf].widths, _widths(motion, site.block, leaf)
        if wanted is None:
            missing.append(str(site) if site.side != "mid" else "a mid block")
        elif widths != wanted:
            raise LoraError(
                f"{lora_file} does not fit {motion_file}: its {leaf} at {site} goes from {widths[0]} to "
                f"{widths[1]} channels, the motion module's from {wanted[0]} to {wanted[1]}. It was made for "
                f"a motion module of another base model; choose one for {motion.format.base}."
            )
        else:
            used += count
    if not used:
        raise LoraError(
            f"{lora_file} does nothing on {motion_file}: none of its {lora.tensors} tensors belongs to a layer that "
            f"this motion module has. Remove it, or choose a MotionLoRA made for {motion.format.name}."
        )
    reasons = []
    if missing:
        places = list(dict.fromkeys(missing))
        shown = ", ".join(places[:3]) + (" and more" if len(places) > 3 else "")
        reasons.append(f"the rest are for {shown}, which this motion module does not have")
    if lora.unexplained:
        reasons.append(f"{len(lora.unexplained)} belong to no temporal layer, such as {lora.unexplained[0]}")
    if lora.others:
        reasons.append(f"{len(lora.others)} are a second adapter for the same layers, such as {lora.others[0]}")
    if not reasons:
        return None
    return f"{lora_file}: {used} of {lora.tensors} tensors apply to {motion_file}; {'; '.join(reasons)}."


def _widths(motion: MotionModel, block: Block, leaf: str) -> tuple[int, int] | None:
    """Features in and out of a layer of a motion module, None if it has no such layer."""
    layer = motion.at(block)
    if layer is None:
        return None
    for n in range(len(layer.attentions)):
        if leaf.startswith(f"attentions.{n}."):
            return motion.channels[block], motion.channels[block]
    width = motion.channels[block]
    outer = {"proj_in": (width, width), "proj_out": (width, width)}
    return (outer | {"ff_in": (width, 8 * width), "ff_out": (4 * width, width)}).get(leaf)
