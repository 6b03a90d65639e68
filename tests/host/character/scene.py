"""A small character to move: seeded parts of a release at reduced width, and what the nodes make of them."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import comfy.sample
import torch
from kinema.motion.formats import unet_name
from kinema.motion.values import Acts
from kinema.nodes.host import character
from kinema.nodes.host.animate import animate_character
from kinema.nodes.host.temporal import load_motion
from kinema.nodes.inputs import as_value
from safetensors.torch import save_file
from torch import Tensor

from tests.harness.seeded.layouts import motion_module, tensor
from tests.harness.seeded.layouts_character import denoising_unet, reference_unet, seeded
from tests.harness.seeded.layouts_guiders import (
    aniportrait_guider,
    champ_guider,
    moore_guider,
    paper_guider,
    seeded_guider,
)

from ..models import CHANNELS, Patcher, tiny_model

SCALE = 0.18215
"""Of SD1.5's latents in the model."""
GUIDERS = {
    "moore": lambda: moore_guider(CHANNELS[0]),
    "champ": lambda: champ_guider(CHANNELS[0]),
    "paper": paper_guider,
    "aniportrait": lambda: aniportrait_guider(CHANNELS, 128),
}


class Vae:
    """Stands for a VAE whose latents can be told in advance: colours and brightness of 8 x 8 pixels."""

    latent_channels = 4

    def spacial_compression_encode(self) -> int:
        """Pixels to one place of the latent."""
        return 8

    def encode(self, pixels: Tensor) -> Tensor:
        """(pictures, height, width, 3) to (pictures, 4, height / 8, width / 8)."""
        small = torch.nn.functional.avg_pool2d(pixels.movedim(-1, 1) * 2 - 1, 8)
        return torch.cat([small, small.mean(1, keepdim=True)], dim=1) / SCALE


class ClipVision:
    """Stands for CLIP ViT-L/14."""

    config: ClassVar = {"model_type": "clip_vision_model", "projection_dim": 768}

    def encode_image(self, image: Tensor, crop: bool = True) -> dict[str, Tensor]:
        """An embedding that depends on the picture."""
        assert not crop
        return {"image_embeds": tensor(f"clip{float(image.sum()):.3f}", (1, 768)) * 28.0}


@cache
def denoiser_state() -> dict[str, Tensor]:
    """In diffusers' naming."""
    return seeded(denoising_unet(CHANNELS), "denoiser")


@cache
def reference_state() -> dict[str, Tensor]:
    """Likewise."""
    return seeded(reference_unet(CHANNELS), "reference")


@cache
def motion_state() -> dict[str, Tensor]:
    """In the original layout."""
    return motion_module(CHANNELS, mid=True, positions=32)


@cache
def guider_state(kind: str) -> dict[str, Tensor]:
    """A key of `GUIDERS`."""
    return seeded_guider(GUIDERS[kind](), kind)


def denoiser(dtype: torch.dtype = torch.float32) -> Patcher:
    """The denoising UNet in the host's model of reduced width."""
    patcher = tiny_model(dtype)
    state = {unet_name(key): value.to(dtype) for key, value in denoiser_state().items()}
    patcher.model.diffusion_model.load_state_dict(state)  # type: ignore[union-attr, arg-type]
    return patcher


def parts(folder: Path, guiders: dict[str, str] | None = None, release: str = "moore") -> character.AnimateAnyone:
    """The Load Animate Anyone node; guiders are kinds by what their pictures show."""
    guiders = {"pose": "moore"} if guiders is None else guiders
    files: dict[str, Callable[[], dict[str, Tensor]]] = {
        "reference_unet.safetensors": reference_state,
        "motion_module.safetensors": motion_state,
    }
    for name, make in files.items():
        if not (folder / name).exists():
            save_file(make(), folder / name)
    loaded = {}
    for shows, kind in guiders.items():
        path = folder / f"{kind}_guider.safetensors"
        if not path.exists():
            save_file(guider_state(kind), path)
        loaded[shows] = character.GuiderWeights.load(str(path))
    return character.put_together(
        release,
        character.ReferenceWeights.load(str(folder / "reference_unet.safetensors")),
        load_motion(str(folder / "motion_module.safetensors")),
        loaded,
    )


def picture(seed: int = 3, size: int = 64) -> Tensor:
    """A picture of a character."""
    return torch.rand(1, size, size, 3, generator=torch.Generator().manual_seed(seed))


def poses(frames: int, seed: int = 4, size: int = 64) -> Tensor:
    """Pictures of poses."""
    return torch.rand(frames, size, size, 3, generator=torch.Generator().manual_seed(seed))


def referenced(
    loaded: character.AnimateAnyone, pixels: Tensor, strength: Any = 1.0, mask: Tensor | None = None, **during: float
) -> character.ReferencePicture:
    """The Reference Picture node."""
    assert loaded.reference is not None
    acts = Acts(as_value("strength", strength), **during)
    embeddings = character.embed(ClipVision(), pixels)
    made = character.ReferencePicture(loaded.reference, pixels, embeddings, Vae(), acts)
    return made if mask is None else made.within(as_value("mask", mask))


def guided(
    loaded: character.AnimateAnyone, frames: Tensor, shows: str = "pose", strength: Any = 1.0, **during: float
) -> character.Guide:
    """The Pose Guide node."""
    acts = Acts(as_value("strength", strength), **during)
    return character.Guide(character.guider_for(loaded, shows), frames, acts, shows)


def moved(
    model: Patcher,
    loaded: character.AnimateAnyone,
    pictures: Sequence[character.ReferencePicture] = (),
    guides: Sequence[character.Guide] = (),
    **options: Any,
) -> Patcher:
    """The Animate Character node."""
    return animate_character(model, loaded, pictures=pictures, guides=guides, **options)


def conds(pictures: Sequence[character.ReferencePicture]) -> tuple[list[Any], list[Any]]:
    """What Reference Picture hands to the sampler."""
    positive: list[Any] | None = None
    for each in pictures:
        positive = character.conditioned(positive, each.embeddings)
    assert positive is not None
    return positive, [[torch.zeros(1, 1, 768), {}]]


def noise(frames: int, size: int = 8) -> Tensor:
    """What the host draws for a clip."""
    return comfy.sample.prepare_noise(torch.zeros(frames, 4, size, size), 7)


def run(
    model: Patcher,
    pictures: Sequence[character.ReferencePicture],
    frames: int,
    timesteps: Sequence[int],
    cfg: float = 3.5,
    size: int = 8,
    sampler: str = "euler",
    callback: Any = None,
) -> Tensor:
    """What a sampler makes of a clip at these timesteps, the last one going to zero noise; in the model's scale."""
    sampling = model.get_model_object("model_sampling")
    levels = torch.cat([sampling.sigmas[list(timesteps)], torch.zeros(1)])  # type: ignore[union-attr, index]
    positive, negative = conds(pictures)
    latent = torch.zeros(frames, 4, size, size)
    with torch.inference_mode():
        made = comfy.sample.sample_custom(
            model,
            noise(frames, size),
            cfg,
            comfy.sample.comfy.samplers.sampler_object(sampler),
            levels,
            positive,
            negative,
            latent,
            callback=callback,
            disable_pbar=True,
            seed=7,
        )
    return made * SCALE
