"""An image model that gradients may go through.

The host loads and runs models in torch's inference mode, in which nothing can be learnt: weights that were made there
can never be part of a gradient. What is learnt beside an image model is therefore learnt beside a copy of it, made
outside, and the model that everybody else uses stays as it is.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import comfy.model_management as management
import torch
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from comfy.model_patcher import ModelPatcher

from ....motion.formats import LATENT
from ....motion.training import TrainingError
from ..options import ATTACHED

EVERYTHING = 1 << 60
"""More bytes than there are: whatever else is loaded makes room."""


@contextmanager
def learning() -> Iterator[None]:
    """Gradients can be taken within it; the host's own code is told that somebody trains."""
    before = management.in_training
    with torch.inference_mode(False), torch.enable_grad():
        management.in_training = True
        try:
            yield
        finally:
            management.in_training = before


def check_model(model: ModelPatcher) -> UNetModel:
    """The UNet of a model, refused where nothing of AnimateDiff has a place.

    Raises:
        TrainingError: another kind of model, or one that is animated already.
    """
    if model.get_attachment(ATTACHED):
        raise TrainingError(
            "The model is animated already. Connect the checkpoint's model as it was before Animate Model, and the "
            "motion module to motion_model."
        )
    unet: Any = model.get_model_object("diffusion_model")
    if not isinstance(unet, UNetModel) or unet.num_classes is not None:
        raise TrainingError(
            f"Training works with Stable Diffusion 1.5; this model is a {type(model.model).__name__}. Load an SD1.5 "
            "checkpoint."
        )
    if unet.in_channels != LATENT:
        raise TrainingError(
            f"This model takes {unet.in_channels} channels, as models for inpainting do; clips have {LATENT}. Load an "
            "SD1.5 checkpoint that is not for inpainting."
        )
    return unet


def learning_copy(model: ModelPatcher, dtype: torch.dtype) -> ModelPatcher:
    """A copy whose own weights are fixed, with all that was patched onto the model, such as a domain adapter.

    Call it within `learning`. The copy is not loaded yet.

    Args:
        dtype: of its weights.
    """
    if model.cached_patcher_init is not None:
        copied = model.clone(disable_dynamic=True, force_deepcopy=True)
    else:
        # weights as they are without patches
        management.unload_model_and_clones(model)
        # shared: what knows of no weights
        memo: dict[int, Any] = {id(each): each for each in (model.model.model_config, model.model.latent_format)}
        memo[id(getattr(model.model, "current_patcher", None))] = None
        copied = model.clone(model_override=(copy.deepcopy(model.model, memo), ({}, {}, {}, set())))
    copied.model.diffusion_model.to(dtype).requires_grad_(False).eval()
    copied.model.requires_grad_(False)
    return copied


def load_copy(copied: ModelPatcher) -> torch.device:
    """Bring a copy onto the device it computes on, all of it."""
    management.load_models_gpu([copied], memory_required=EVERYTHING, force_full_load=True)
    # what a LoRA's patches made of them
    copied.model.requires_grad_(False)
    return copied.load_device
