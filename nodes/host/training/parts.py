"""What can be learnt beside an image model, each with its network and the file it becomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....motion.training import (
    BRAIN,
    HALF,
    SINGLE,
    SPATIAL,
    TEMPORAL,
    Network,
    TrainingError,
    image_lora_tensors,
    motion_lora_tensors,
    motion_module_tensors,
    new_motion_lora,
    new_motion_module,
)
from ..temporal import LoadedMotion, check_fit
from .begun import LoraToGoOnWith
from .copying import check_model, learning_copy, load_copy
from .image_lora import ATTENTION, TRANSFORMER, BesideWeights, new_image_lora
from .motion_file import MotionFile
from .naming import named_by, of_kind, without_tables
from .network import HostNetwork

DTYPES = {SINGLE: torch.float32, HALF: torch.float16, BRAIN: torch.bfloat16}


@dataclass(frozen=True)
class Ground:
    """What something is learnt on."""

    model: ModelPatcher
    precision: str = SINGLE
    """One of `motion.training.PRECISIONS`."""
    checkpointing: bool = True
    frames: int = 1
    """Of its clips."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the copy and its activations."""
        return DTYPES[self.precision]


Tensors = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]
"""From learnt weights, by the network's names, to what is in a file."""


@dataclass(frozen=True)
class Part:
    """What is learnt."""

    network: Network
    tensors: Tensors
    """The file it becomes."""
    copied: ModelPatcher
    named: str = ""
    """What is added to the name of that file."""
    others: Mapping[str, Tensors] = field(default_factory=dict)
    """The files besides, by what is added to their names; they are saved before."""
    notes: tuple[str, ...] = ()
    """What somebody may not expect, a sentence each without its full stop."""

    @property
    def files(self) -> dict[str, Tensors]:
        """All of them."""
        return {**self.others, self.named: self.tensors}


def motion_lora(
    ground: Ground,
    motion: LoadedMotion,
    rank: int,
    seed: int,
    wide: bool = False,
    dual: bool = False,
    start: str | None = None,
) -> Part:
    """A MotionLoRA on a motion module that stays as it is.

    Args:
        wide: change the feed-forward of temporal layers, too.
        dual: learn the look of the clips beside it, as MotionDirector does, and throw that away.
        start: path of a MotionLoRA to go on with.

    Raises:
        TrainingError, ValueError: the model, the motion module or the file do not fit.
    """
    check_fit(check_model(ground.model), motion)
    if motion.companions:
        raise TrainingError(
            f"A {motion.companions[0].role} is connected to {motion.file}. Connect the motion module as Load Motion "
            "Module gives it."
        )
    read = MotionFile.read(motion.loaded)
    _check_motion(read, ground.frames)
    copied = learning_copy(ground.model, ground.dtype)
    look = new_image_lora(copied, TRANSFORMER, rank, seed) if dual else None
    beside = None if look is None else BesideWeights(copied, look)
    device = load_copy(copied)
    temporal = read.model(ground.dtype, device)
    if start is None:
        lora, notes = new_motion_lora(temporal, read.recognised.structure.channels, rank, seed, wide), ()
    else:
        begun = LoraToGoOnWith.read(start, temporal, motion.file, rank)
        lora, notes = begun.lora, begun.notes
    lora.to(device)
    learnt = dict(named_by(TEMPORAL, lora))
    if look is not None:
        learnt |= named_by(SPATIAL, look.to(device))
    rows = None if motion.rows is None else motion.rows.to(device)
    network = HostNetwork(copied, learnt, temporal, rows, (lora,), beside, ground.checkpointing)

    def tensors(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return motion_lora_tensors(lora.targets, of_kind(TEMPORAL, weights))

    return Part(network, tensors, copied, notes=notes)


def motion_module(ground: Ground, motion: LoadedMotion | None, version: str, seed: int) -> Part:
    """A motion module, all of it but its position tables.

    Args:
        motion: one to go on with, None to begin one.
        version: the version to begin, of `motion.training.VERSIONS`.

    Raises:
        TrainingError, ValueError: the model and the motion module do not fit, or clips are too long for it.
    """
    unet = check_model(ground.model)
    if motion is not None:
        check_fit(unet, motion)
        read = MotionFile.read(motion.loaded)
    else:
        widths = [unet.model_channels * each for each in unet.channel_mult]
        read = MotionFile(new_motion_module(widths, version, seed, ground.frames), "the new motion module")
    _check_motion(read, ground.frames)
    copied = learning_copy(ground.model, ground.dtype)
    device = load_copy(copied)
    model = read.model(torch.float32, device)
    learnt = without_tables(model)
    for parameter in learnt.values():
        parameter.requires_grad_(True)
    network = HostNetwork(copied, learnt, model, checkpointing=ground.checkpointing)

    def tensors(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return motion_module_tensors(read.recognised, {**model.state_dict(), **of_kind(TEMPORAL, weights)})

    return Part(network, tensors, copied)


def domain_adapter(ground: Ground, rank: int, seed: int) -> Part:
    """Low-rank layers beside every spatial attention; clips are learnt frame by frame.

    Raises:
        TrainingError: the model does not fit, or the rank is out of range.
    """
    check_model(ground.model)
    copied = learning_copy(ground.model, ground.dtype)
    lora = new_image_lora(copied, ATTENTION, rank, seed)
    beside = BesideWeights(copied, lora)
    learnt = named_by(SPATIAL, lora.to(load_copy(copied)))
    network = HostNetwork(copied, learnt, beside=beside, checkpointing=ground.checkpointing)
    return Part(network, lambda weights: image_lora_tensors(lora.targets, of_kind(SPATIAL, weights)), copied)


def _check_motion(read: MotionFile, frames: int) -> None:
    if read.recognised.picture_keys:
        raise TrainingError(
            f"{read.file} animates a picture; training with it is not possible. Choose AnimateDiff v2 or v3."
        )
    if frames > read.recognised.max_frames:
        raise TrainingError(
            f"The clips have {frames} frames, and {read.file} numbers {read.recognised.max_frames}. Set frames of "
            "Load Clips to that or less."
        )
