"""Between latents and frames, a few at a time."""

from collections.abc import Callable, Mapping
from typing import Any

import comfy.model_management
import torch
from torch import Tensor

from ..memory import PIXEL_BYTES

PART_BYTES = 64 << 20
"""Size of the frames to hold at once. The host makes its own smaller batches where video memory is short."""
PART_BYTES_CPU = 1 << 20
"""Layers of a VAE take some hundred times as much, on the CPU in the same memory, which gains nothing from batches."""


class FramesError(ValueError):
    """Latents or frames that cannot be taken a few at a time."""


class Decoded:
    """The frames of a latent, decoded when they are asked for; only the part asked for last is kept.

    Args:
        samples: a LATENT of single pictures.
        at_once: how many to decode together, 0 for as many as `PART_BYTES` holds.

    Raises:
        FramesError: a VAE or latent in which frames depend on one another.
    """

    def __init__(self, vae: Any, samples: Mapping[str, Any], at_once: int = 0) -> None:
        self.vae = vae
        self.latents = _latents(vae, samples)
        height, width = (size * vae.spacial_compression_decode() for size in self.latents.shape[-2:])
        self.at_once = at_once or _automatic(vae, height, width)
        self._shape: tuple[int, ...] | None = None
        self._kept: tuple[slice, Tensor] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, height, width, channels; the first part is decoded to know."""
        count = self.latents.shape[0]
        if self._shape is None:
            self._shape = (count, *self[: self.at_once].shape[1:]) if count else (0, 0, 0, 3)
        return self._shape

    def __getitem__(self, part: slice) -> Tensor:
        part = slice(*part.indices(self.latents.shape[0]))
        if self._kept is None or self._kept[0] != part:
            self._kept = None  # before the next part is made
            comfy.model_management.throw_exception_if_processing_interrupted()
            self._kept = part, self.vae.decode(self.latents[part])
        return self._kept[1]


def encode(vae: Any, images: Tensor, at_once: int, progress: Callable[[int, int], None]) -> Tensor:
    """Encode frames.

    Args:
        images: (frames, height, width, channels) in 0..1.
        at_once: how many to encode together, 0 for as many as `PART_BYTES` holds.
        progress: told of the frames done and all frames.

    Returns:
        Latents, (frames, channels, height, width) in the size of the VAE.

    Raises:
        FramesError: no frames, or a VAE in which frames depend on one another.
    """
    _check_vae(vae)
    count = images.shape[0]
    if count == 0:
        raise FramesError("There are no frames to encode: the image batch is empty.")
    at_once = at_once or _automatic(vae, *images.shape[1:3])
    latents = torch.empty(0)
    for start in range(0, count, at_once):
        comfy.model_management.throw_exception_if_processing_interrupted()
        part = vae.encode(images[start : start + at_once])
        if start == 0:
            latents = part.new_empty((count, *part.shape[1:]))
        latents[start : start + at_once] = part
        progress(min(start + at_once, count), count)
    return latents


def _automatic(vae: Any, height: int, width: int) -> int:
    room = PART_BYTES_CPU if torch.device(vae.device).type == "cpu" else PART_BYTES
    return max(1, room // max(1, PIXEL_BYTES * height * width))


def _latents(vae: Any, samples: Mapping[str, Any]) -> Tensor:
    _check_vae(vae)
    latents = samples["samples"]
    if latents.is_nested:
        latents = latents.unbind()[0]
    if latents.ndim == 5:
        # the host's shape for the single pictures of a video model
        latents = latents[:, :, 0]
    return latents


def _check_vae(vae: Any) -> None:
    vae.throw_exception_if_invalid()
    if vae.latent_dim != 2:
        raise FramesError(
            "This VAE turns several frames into one latent, so it cannot take a few frames at a time. Connect the VAE "
            "of an SD1.5 or SDXL checkpoint, or use VAE Decode, VAE Encode and Combine Video."
        )
