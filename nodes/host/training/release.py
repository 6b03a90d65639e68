"""Animate Anyone's two stages (arXiv 2311.17117, section 3.3): pictures first, then how they move.

Files are spelled as those of Moore-AnimateAnyone, whole, so that its own scripts read them too.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from torch import Tensor

from ....motion.training import SINGLE, TEMPORAL, TrainingError, motion_module_tensors
from ..character import (
    POSE,
    AnimateAnyone,
    Guide,
    GuiderWeights,
    ReferenceWeights,
    check_guide_fits,
)
from ..temporal import LoadedMotion, check_fit
from .character import Character
from .copying import check_model, learning_copy, load_copy
from .motion_file import MotionFile
from .naming import named_by, of_kind, without_tables
from .network import HostNetwork
from .parts import DTYPES, Ground, Part
from .stored import StoredGuider, StoredReference, spelled_names

DENOISING_UNET, REFERENCE_UNET, POSE_GUIDER = "denoising_unet", "reference_unet", "pose_guider"
MOTION_MODULE = "motion_module"
"""What files are called."""
FROZEN = "up_blocks.3."
"""Of the ReferenceNet; the authors' trainer leaves its last level as it is, most of which nothing reads."""


def check_release(model: Any, parts: AnimateAnyone, moves: bool, frames: int) -> None:
    """Stop on what cannot be learnt together.

    Args:
        moves: learn how things move, not pictures.
        frames: of the clips.

    Raises:
        TrainingError, ValueError: a part is missing, or is made for another model.
    """
    unet = check_model(model)
    others = [shows for shows in parts.guiders if shows != POSE]
    if others:
        raise TrainingError(
            f"Load Animate Anyone has a guider for {' and '.join(others)}; training takes one for poses. Choose "
            "pose_guider alone."
        )
    if frames < 2:
        raise TrainingError(
            "The clips have 1 frame. The picture of the character is another frame of the same clip: set frames of "
            "Load Clips to 24."
        )
    if parts.reference is not None:
        _check_widths(unet, parts.reference)
    guider = parts.guiders.get(POSE)
    if guider is not None:
        check_guide_fits(unet, Guide(guider, torch.zeros(1, 8, 8, 3)))
    if not moves:
        return
    motion = _complete(parts).motion
    check_fit(unet, motion)
    if frames > motion.max_frames:
        raise TrainingError(
            f"The clips have {frames} frames, and {motion.file} numbers {motion.max_frames}. Prepare shorter clips."
        )


def learn_images(ground: Ground, parts: AnimateAnyone, seed: int) -> Part:
    """Stage 1: all of the denoising UNet, the ReferenceNet and the guider; there are no temporal layers.

    Where a ReferenceNet is missing, one is begun from the model itself; where a guider is, the paper's is begun.

    Raises:
        TrainingError, ValueError: the parts do not fit, see `check_release`.
    """
    copied = learning_copy(ground.model, DTYPES[SINGLE])
    device = load_copy(copied)
    unet: Any = copied.model.diffusion_model
    unet.requires_grad_(True)
    spelled = spelled_names(copied.model.model_config.unet_config, unet)
    own = {name: weight.detach() for name, weight in unet.state_dict().items()}
    reference = StoredReference.begun(own, spelled) if parts.reference is None else StoredReference.of(parts.reference)
    guider = StoredGuider.begun(seed) if POSE not in parts.guiders else StoredGuider.of(parts.guiders[POSE])
    net, reader = reference.network(torch.float32, device), guider.network(torch.float32, device)
    learnt = {**named_by(DENOISING_UNET, unet), **named_by(POSE_GUIDER, reader.requires_grad_(True))}
    frozen = {own for name, own in spelled.items() if name.startswith(FROZEN)}
    for name, parameter in net.named_parameters():
        if name not in frozen:
            learnt[f"{REFERENCE_UNET}.{name}"] = parameter.requires_grad_(True)
    shown = Character(copied, net, reader, True, ground.checkpointing)
    network = HostNetwork(copied, learnt, checkpointing=ground.checkpointing, shown=shown, dtype=ground.dtype)

    def denoising_tensors(weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        state = of_kind(DENOISING_UNET, weights)
        return {name: state[own] for name, own in spelled.items()}

    def reference_tensors(weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return reference.file(of_kind(REFERENCE_UNET, weights))

    def guider_tensors(weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return guider.file(of_kind(POSE_GUIDER, weights))

    others = {REFERENCE_UNET: reference_tensors, POSE_GUIDER: guider_tensors}
    return Part(network, denoising_tensors, copied, DENOISING_UNET, others)


def learn_motion(ground: Ground, parts: AnimateAnyone) -> Part:
    """Stage 2: the motion module alone.

    Raises:
        TrainingError, ValueError: the parts do not fit, see `check_release`.
    """
    whole = _complete(parts)
    copied = learning_copy(ground.model, ground.dtype)
    device = load_copy(copied)
    read = MotionFile.read(whole.motion.loaded)
    motion = read.model(torch.float32, device)
    learnt = without_tables(motion)
    for parameter in learnt.values():
        parameter.requires_grad_(True)
    net = StoredReference.of(whole.reference).network(ground.dtype, device)
    reader = StoredGuider.of(whole.guider).network(ground.dtype, device)
    shown = Character(copied, net, reader, False, ground.checkpointing)
    network = HostNetwork(copied, learnt, motion, checkpointing=ground.checkpointing, shown=shown)

    def tensors(weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return motion_module_tensors(read.recognised, {**motion.state_dict(), **of_kind(TEMPORAL, weights)})

    return Part(network, tensors, copied, MOTION_MODULE)


class _Complete(NamedTuple):
    reference: ReferenceWeights
    guider: GuiderWeights
    motion: LoadedMotion


def _complete(parts: AnimateAnyone) -> _Complete:
    """All that stage 2 needs.

    Raises:
        TrainingError: something is missing.
    """
    reference, guider, motion = parts.reference, parts.guiders.get(POSE), parts.motion
    if reference is not None and guider is not None and motion is not None:
        return _Complete(reference, guider, motion)
    missing = {REFERENCE_UNET: reference, POSE_GUIDER: guider, MOTION_MODULE: motion}
    names = " and no ".join(name for name, part in missing.items() if part is None)
    raise TrainingError(
        f"Load Animate Anyone has no {names}, which stage 2 needs. Choose what stage 1 has saved, and a motion module "
        "to begin with, such as mm_sd_v15_v2."
    )


def _check_widths(unet: UNetModel, reference: ReferenceWeights) -> None:
    widths = tuple(unet.model_channels * mult for mult in unet.channel_mult)
    if widths != reference.model.widths:
        raise TrainingError(
            f"{reference.file} reads pictures for SD1.5 models of {list(reference.model.widths)} channels, and this "
            f"model has {list(widths)}. Connect the model of Load Animate Anyone, or of an SD1.5 checkpoint."
        )
