"""What prepared clips are compared with before anything is learnt from them."""

import torch
from comfy.model_patcher import ModelPatcher

from ....motion.training import TrainingError
from ..clips import TrainingClips

LOOKED_AT = 8
"""Clips whose latents are looked at."""
MOST_SPREAD = 1.25
"""Standard deviation of scaled latents; with the VAE they are scaled for it is about 1, with SDXL's 1.4."""


def check_texts(width: int, model: ModelPatcher) -> None:
    """Compare the texts of clips with what an image model reads.

    Args:
        width: of a token.

    Raises:
        TrainingError: it reads others.
    """
    own = model.model.model_config.unet_config.get("context_dim", width)
    if width != own:
        raise TrainingError(
            f"The captions were prepared with a text encoder of {width} numbers a token, and this model reads {own}. "
            "Connect the VAE and the CLIP of the checkpoint that is trained with to Prepare Clips."
        )


def spread_note(clips: TrainingClips, model: ModelPatcher) -> str | None:
    """What to say if latents look like those of another model's VAE, whose tensors have the same shapes."""
    latents = [clips.cache.read(sample.views[0]).flatten() for sample in clips.learnt[:LOOKED_AT]]
    spread = float(model.model.process_latent_in(torch.cat(latents)).std())
    if not spread > MOST_SPREAD:
        return None
    return (
        f"the latents of the clips deviate by {spread:.2f}, and those of Stable Diffusion 1.5's VAE by about 1: if "
        "Prepare Clips has the VAE of another model, such as SDXL, connect the checkpoint's own"
    )
