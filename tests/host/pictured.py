"""Motion modules with a picture, for in-process tests."""

from pathlib import Path
from typing import Any

import torch
from kinema.motion.values import Acts
from kinema.nodes.host.pictures import animated as pictures
from kinema.nodes.host.temporal import motion as loader
from kinema.nodes.inputs import as_value
from safetensors.torch import save_file
from torch import Tensor

from tests.harness.seeded import weights_pictures

from .models import CHANNELS

PIA, LCM = weights_pictures.pia(CHANNELS), weights_pictures.animatelcm_i2v(CHANNELS)
SCALE = 0.18215
"""Of an SD1.5 latent in the UNet."""


def load(folder: Path, state: dict[str, Tensor]) -> loader.LoadedMotion:
    """A motion module loaded from a file of its own."""
    path = folder / f"{len(state)}.safetensors"
    if not path.exists():
        save_file(state, path)
    return loader.load_motion(str(path))


def latents(count: int = 1, size: int = 8, seed: int = 2) -> Tensor:
    """What a VAE may give for pictures."""
    return torch.randn(count, 4, size, size, generator=torch.Generator().manual_seed(seed)) / SCALE


def pia(folder: Path, preset: str = "animation, large motion", affinity: Any = 1.0, **more: Any) -> loader.LoadedMotion:
    """The Picture for PIA node, behind its VAE."""
    picture = pictures.PiaPicture(more.pop("latents", latents()), preset, as_value("affinity", affinity), **more)
    return load(folder, PIA).accompanied(picture)


def lcm(folder: Path, strength: Any = 1.0, **more: Any) -> loader.LoadedMotion:
    """The Picture for AnimateLCM-I2V node, behind its VAE."""
    during = {name: more.pop(name) for name in ("start_percent", "end_percent") if name in more}
    acts = Acts(as_value("strength", strength), **during)
    picture = pictures.LcmPicture(more.pop("latents", latents()), acts, **more)
    return load(folder, LCM).accompanied(picture)
