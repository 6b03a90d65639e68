"""Small models for in-process tests: an SD1.5 of 32 channels with every block, and motion modules that fit it."""

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.sample
import comfy.supported_models
import torch
from kinema.motion.values import Acts
from kinema.nodes.host.animate import animate
from kinema.nodes.host.temporal import motion as loader
from kinema.nodes.host.temporal import runtime
from kinema.nodes.inputs import as_value
from safetensors.torch import save
from torch import Tensor

from tests.harness.seeded import weights
from tests.harness.seeded.layouts import motion_module, tensor

CHANNELS = (32, 64, 128, 128)
VERSIONS: dict[str, dict[str, Any]] = {
    "v1": {"mid": False, "positions": 24},
    "v2": {"mid": True, "positions": 32},
    "v3": {"mid": False, "positions": 32},
}
UNET = {**weights.UNET, "model_channels": 32, "channel_mult": [1, 2, 4, 4]}
TOKENS = 9
"""Of a text: fewer than the 77 of a real one, which would take most of the time of so small a model."""
SMALL = 4
"""Side of a latent where its size plays no part: it takes two thirds of the time that one of 8 takes."""
Patcher: TypeAlias = comfy.model_patcher.ModelPatcher


def tiny_state(seed: int = 0) -> dict[str, Tensor]:
    """UNet weights in the ldm layout."""
    return {key: value.clone() for key, value in _state(seed).items()}


@cache
def _state(seed: int) -> dict[str, Tensor]:
    return weights.unet(UNET, seed)


def tiny_model(dtype: torch.dtype = torch.float32, compute: torch.dtype | None = None) -> Patcher:
    """A model patcher around the small UNet."""
    config = comfy.supported_models.SD15(
        {key: list(value) if isinstance(value, list) else value for key, value in UNET.items()} | {"dtype": dtype}
    )
    config.set_inference_dtype(dtype, compute)
    model = comfy.model_base.BaseModel(config, device=torch.device("cpu"))
    model.diffusion_model.load_state_dict(_state(0))
    model.eval().requires_grad_(False)
    device = comfy.model_management.get_torch_device()
    return comfy.model_patcher.CoreModelPatcher(model, device, comfy.model_management.unet_offload_device())


def tiny_sdxl() -> Patcher:
    """An SDXL model of 32 channels: three levels, transformers on the lower two, pooled text in the embedding."""
    changes = {"channel_mult": [1, 2, 4], "num_res_blocks": [2, 2, 2], "context_dim": 2048, "adm_in_channels": 2816}
    changes |= {"transformer_depth": [0, 0, 1, 1, 1, 1], "transformer_depth_output": [0, 0, 0, 1, 1, 1, 1, 1, 1]}
    changes |= {
        "use_linear_in_transformer": True,
        "num_heads": -1,
        "num_head_channels": 16,
        "num_classes": "sequential",
    }
    config = comfy.supported_models.SDXL(UNET | changes | {"dtype": torch.float32})
    model = comfy.model_base.SDXL(config, device=torch.device("cpu"))
    for name, parameter in model.diffusion_model.named_parameters():
        parameter.data = tensor(name, parameter.shape)
    model.eval().requires_grad_(False)
    device = comfy.model_management.get_torch_device()
    return comfy.model_patcher.CoreModelPatcher(model, device, comfy.model_management.unet_offload_device())


def tiny_motion(
    folder: Path, version: str = "v2", channels: tuple[int, ...] = CHANNELS, **options: Any
) -> loader.LoadedMotion:
    """A motion module loaded from a file of its own."""
    path = folder / f"{version}_{'_'.join(map(str, options.values()))}.safetensors"
    path.write_bytes(_motion(channels, tuple((VERSIONS[version] | options).items())))
    return loader.load_motion(str(path))


@lru_cache(16)
def _motion(channels: tuple[int, ...], options: tuple[tuple[str, Any], ...]) -> bytes:
    return save(motion_module(channels, **dict(options)))


def strengths(scale: Any = 1.0, effect: Any = 1.0, **range: float) -> runtime.Strengths:
    """What Animate Model makes of its inputs; scale and effect are numbers, lists, masks or Motion Values."""
    return runtime.Strengths(as_value("scale", scale), Acts(as_value("effect", effect), **range))


def animated(model: Patcher, motion: loader.LoadedMotion, schedule: str = "auto", **settings: Any) -> Patcher:
    """The Animate Model node."""
    return animate.animate_model(model, motion, strengths(**settings), schedule)


def conds(width: int = 768, pooled: int = 0) -> tuple[list[Any], list[Any]]:
    """A positive and a negative conditioning; SDXL has a width of 2048 and 1280 pooled."""
    generator = torch.Generator().manual_seed(5)
    more = {"pooled_output": torch.randn(1, pooled, generator=generator)} if pooled else {}
    return tuple([[torch.randn(1, TOKENS, width, generator=generator), dict(more)]] for _ in range(2))  # type: ignore[return-value]


def sample(
    model: Patcher,
    frames: int = 8,
    steps: int = 2,
    callback: Callable[..., None] | None = None,
    sampler: str = "euler",
    cfg: float = 5.0,
    positive: Any = None,
    negative: Any = None,
    size: int = 8,
    **options: Any,
) -> Tensor:
    """What a KSampler node does, without a server."""
    latent = torch.zeros(frames, 4, size, size)
    noise = comfy.sample.prepare_noise(latent, 7)
    first, second = conds()
    arguments = (positive or first, negative or second, latent)
    with torch.inference_mode():
        return comfy.sample.sample(
            model,
            noise,
            steps,
            cfg,
            sampler,
            "normal",
            *arguments,
            seed=7,
            callback=callback,
            disable_pbar=True,
            **options,
        )
