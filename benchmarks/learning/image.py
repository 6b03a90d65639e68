"""The image model: the host's own UNet of SD1.5 with fewer channels, begun anew and learnt as a whole.

It predicts v (arXiv 2202.00512): an error in the noise of the first steps is an error of many times its size in the
picture, and it takes long until a network that predicts noise makes none.
"""

import hashlib
import math
from pathlib import Path

import comfy.model_base
import comfy.model_management
import comfy.supported_models
import torch
from comfy.model_patcher import CoreModelPatcher, ModelPatcher
from kinema.nodes.host.training import HostNetwork
from safetensors.torch import load_file
from torch import Tensor

from tests.harness.seeded.weights import UNET

LEVELS = (1, 2, 2, 2)
"""Widths of the levels over that of the finest; SD1.5 has 1, 2, 4, 4."""
HEAD = 40
"""Channels of a head of attention on the finest level, at most; SD1.5 has as many."""
ZERO = ("out.2.", "proj_out.", "out_layers.3.")
"""Layers that begin as zero, so that every block begins as nothing (as in the original code of latent diffusion)."""
PREFIX = "model.diffusion_model."


def new_image_model(width: int, seed: int) -> ModelPatcher:
    """One that has learnt nothing."""
    model = _empty(width)
    unet = model.model.diffusion_model
    chance = torch.Generator().manual_seed(seed)
    unet.load_state_dict({key: _initial(key, each.shape, chance) for key, each in unet.state_dict().items()})
    return model


def load_image_model(path: Path, width: int) -> ModelPatcher:
    """One that was saved; the host's own loader takes widths of 320 and more only."""
    model = _empty(width)
    state = {key.removeprefix(PREFIX): tensor for key, tensor in load_file(path).items()}
    model.model.diffusion_model.load_state_dict(state)
    return model


def whole_network(model: ModelPatcher) -> HostNetwork:
    """The image model as a trainer knows networks, all of its weights learnt; call it where gradients can be taken."""
    unet = model.model.diffusion_model.to(model.load_device).requires_grad_(True)
    return HostNetwork(model, {PREFIX + name: each for name, each in unet.named_parameters()}, checkpointing=False)


def digest(model: ModelPatcher) -> str:
    """Of all its weights, to the bit."""
    told = hashlib.blake2b(digest_size=8)
    for key, tensor in sorted(model.model.diffusion_model.state_dict().items()):
        told.update(key.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return told.hexdigest()


def _empty(width: int) -> ModelPatcher:
    settings = {**UNET, "model_channels": width, "channel_mult": LEVELS, "dtype": torch.float32}
    config = comfy.supported_models.SD15(
        {key: list(value) if isinstance(value, (list, tuple)) else value for key, value in settings.items()}
    )
    # the host's own 8 are for 320 channels
    config.unet_config["num_heads"] = -(-width // HEAD)
    config.set_inference_dtype(torch.float32, None)
    model = comfy.model_base.BaseModel(config, comfy.model_base.ModelType.V_PREDICTION, torch.device("cpu"))
    model.eval().requires_grad_(False)
    device = comfy.model_management.get_torch_device()
    return CoreModelPatcher(model, device, comfy.model_management.unet_offload_device())


def _initial(key: str, shape: torch.Size, chance: torch.Generator) -> Tensor:
    if len(shape) == 1:
        # the only weights of one axis are those of norms
        return torch.ones(shape) if key.endswith("weight") else torch.zeros(shape)
    if any(each in key for each in ZERO):
        return torch.zeros(shape)
    return torch.randn(shape, generator=chance) / math.sqrt(math.prod(shape[1:]))
