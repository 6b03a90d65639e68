"""A motion file that something is learnt beside, or in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from ....motion.formats import Recognised, recognise, shapes_of
from ....motion.temporal import MotionModel, load_motion_model
from ..temporal import MotionWeights


@dataclass(frozen=True)
class MotionFile:
    """Its tensors, as they are stored."""

    tensors: Mapping[str, Tensor]
    file: str
    """Its name, for messages."""

    @classmethod
    def read(cls, loaded: MotionWeights) -> "MotionFile":
        """That of a motion module, read again as it was read."""
        return cls(type(loaded).read(loaded.path).tensors, os.path.basename(loaded.path))

    @cached_property
    def recognised(self) -> Recognised:
        """What it is."""
        return recognise(shapes_of(self.tensors), self.file)

    def model(self, dtype: torch.dtype, device: torch.device) -> MotionModel:
        """Made of copies: what is learnt must not be part of a file."""
        model = load_motion_model(self.tensors, self.recognised, self.file, nn, dtype, device)
        for parameter in model.parameters():
            parameter.data = parameter.data.clone()
        return model
