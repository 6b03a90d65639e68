"""Tune-A-Video (arXiv 2212.11565): what is tuned on one clip, the queries of an image model and new temporal layers."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ....motion.crossframe import OneShotModel
from ....motion.training import SPATIAL
from ..crossframe import HANDLER, Tuned, attach_training, new_one_shot, pool_tuned_output
from ..options import ONE_SHOT
from .copying import check_model, learning_copy, load_copy
from .network import HostNetwork
from .parts import Ground, Part


class TunedNetwork(HostNetwork):
    """A UNet whose frames read one another.

    Args:
        copied: loaded, with the trained parts on it.
        pooled: take the statistics of norms over the frames of a clip, as the authors do.
    """

    handler: ClassVar[Any] = HANDLER

    def __init__(self, copied: ModelPatcher, trained: OneShotModel, pooled: bool, checkpointing: bool) -> None:
        learnt = {f"{SPATIAL}.{name}": each for name, each in trained.by_name.items() if each.requires_grad}
        super().__init__(copied, learnt, checkpointing=checkpointing)
        self._trained, self._pooled = trained, pooled

    def insert(self, options: dict[str, Any], clips: int, frames: int, without: frozenset[str]) -> None:
        """Put the temporal layers and the attention between frames into the options of a call."""
        Tuned(self._trained.temporal, frames, self.anchors, 1.0, self._pooled).into(options)
        if self._pooled:
            options["wrappers"] = {WrappersMP.DIFFUSION_MODEL: {ONE_SHOT: [pool_tuned_output]}}


def one_shot_part(ground: Ground, seed: int, pooled: bool = True) -> Part:
    """What Tune-A-Video trains; it begins as the image model, whose frames read other frames.

    Raises:
        TrainingError, OneShotError: the model does not fit.
    """
    check_model(ground.model)
    copied = learning_copy(ground.model, ground.dtype)
    trained = new_one_shot(copied, copied.load_device, torch.float32, seed)
    tuned = attach_training(copied, trained, pooled)
    load_copy(tuned)
    network = TunedNetwork(tuned, trained, pooled, ground.checkpointing)

    def tensors(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return trained.published() | {name.removeprefix(f"{SPATIAL}."): each.cpu() for name, each in weights.items()}

    return Part(network, tensors, tuned)
