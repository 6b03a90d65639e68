"""Pictures of a character as a CLIP vision model sees them, in place of a text."""

from typing import Any

import torch
from torch import Tensor

from ....motion.character import CharacterError
from ....motion.formats import LATENT
from ..images import PIXELS, in_colours, is_finite

WIDTH = 768
"""Of CLIP ViT-L/14's projection, and of the text embeddings that Stable Diffusion 1.5 attends to."""
_EXAMPLE = (
    "Load CLIP ViT-L/14 with Load CLIP Vision: the image_encoder of sd-image-variations, or "
    "clip-vit-large-patch14's model.safetensors"
)


def checked_pictures(images: Tensor) -> Tensor:
    """Pictures as (pictures, height, width, 3); transparency plays no part.

    Raises:
        CharacterError: empty, NaN, smaller than a place of the latent, or of one colour.
    """
    if images.ndim != 4 or 0 in images.shape:
        raise CharacterError("The picture is empty: it has no pixels. Connect a picture of the character.")
    images = in_colours(images)
    if not is_finite(images):
        raise CharacterError("The picture holds NaN or infinite values. Connect another one.")
    if min(images.shape[1:3]) < PIXELS:
        height, width = images.shape[1:3]
        raise CharacterError(f"The picture has {width} x {height} pixels, which is too small. Connect a larger one.")
    low, high = images.amin((1, 2)), images.amax((1, 2))
    if bool((high - low).amax(1).lt(1 / 255).any()):
        raise CharacterError("The picture is of one colour: nobody is on it. Connect a picture of the character.")
    return images


def check_vae(vae: Any) -> None:
    """Stop on a VAE of another kind of model.

    Raises:
        CharacterError: it makes other latents than Stable Diffusion 1.5's.
    """
    channels, pixels = getattr(vae, "latent_channels", LATENT), vae.spacial_compression_encode()
    if channels != LATENT or pixels != PIXELS:
        raise CharacterError(
            f"This VAE makes latents of {channels} channels at 1/{pixels} of the size; Animate Anyone reads those of "
            f"SD1.5, {LATENT} channels at 1/{PIXELS}. Connect the VAE of an SD1.5 checkpoint, or vae-ft-mse-840000."
        )


def embed(clip_vision: Any, images: Tensor) -> Tensor:
    """The projected embedding of each picture, (pictures, 768), from the picture squashed to a square.

    Raises:
        CharacterError: another vision model than CLIP ViT-L/14, or NaN comes out.
    """
    config = getattr(clip_vision, "config", {})
    width = config.get("projection_dim")
    if config.get("model_type", "clip_vision_model") != "clip_vision_model" or width != WIDTH:
        what = f"embeddings of {width} numbers" if width else "no projected embedding"
        raise CharacterError(f"This CLIP vision model gives {what}; Animate Anyone was trained on {WIDTH}. {_EXAMPLE}.")
    embeddings = torch.cat([clip_vision.encode_image(image[None], crop=False)["image_embeds"] for image in images])
    if not is_finite(embeddings):
        raise CharacterError(f"The CLIP vision model gives NaN or infinite values: its file is damaged. {_EXAMPLE}.")
    return embeddings.float()


def conditioned(before: list[Any] | None, embeddings: Tensor) -> list[Any]:
    """A conditioning whose tokens are the embeddings, behind those of another one."""
    tokens = embeddings[None]
    if not before:
        return [[tokens, {}]]
    return [
        [torch.cat([held, tokens.to(held).expand(held.shape[0], -1, -1)], dim=1), dict(more)] for held, more in before
    ]
