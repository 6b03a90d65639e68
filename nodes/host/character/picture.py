"""Pictures of a character, and what the ReferenceNet reads in them once a sampling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import comfy.model_management as management
import comfy.utils
import torch
from comfy.latent_formats import SD15
from comfy.model_patcher import ModelPatcher
from einops import rearrange
from torch import Tensor

from ....motion.character import CharacterError
from ....motion.values import ALWAYS, Acts, MotionValue
from ..images import PIXELS, is_finite
from ..temporal import Clip
from .network import LayerName, ReferenceWeights

STRETCH, CROP = "stretch", "crop"
FITS = {STRETCH: "disabled", CROP: "center"}
"""What becomes of other proportions than the clip's: what the host calls it. The authors' scripts stretch."""


@dataclass(frozen=True, eq=False)
class ReferencePicture:
    """Pictures that show one character, and where, how strongly and when the clip looks at them."""

    net: ReferenceWeights
    pixels: Tensor
    """(pictures, height, width, 3) in 0..1."""
    embeddings: Tensor
    """(pictures, 768) of a CLIP vision model."""
    vae: Any
    acts: Acts = ALWAYS
    """Its strength may have masks: where the character is."""
    fit: str = STRETCH

    def within(self, where: MotionValue) -> "ReferencePicture":
        """The same, looked at in a part of the clip's picture alone."""
        return replace(self, acts=replace(self.acts, strength=self.acts.strength * where))

    def latents(self, clip: Clip) -> Tensor:
        """The pictures in the size of a clip, as the ReferenceNet takes them: (pictures, 4, height, width).

        Raises:
            CharacterError: the VAE is of another kind of model.
        """
        pixels = self.pixels
        height, width = PIXELS * clip.height, PIXELS * clip.width
        if pixels.shape[1:3] != (height, width):
            resized = comfy.utils.common_upscale(pixels.movedim(-1, 1), width, height, "lanczos", FITS[self.fit])
            pixels = resized.movedim(1, -1)
        # the mean of what the VAE makes of a picture, not a sample
        latents = self.vae.encode(pixels)
        if tuple(latents.shape[1:]) != (4, clip.height, clip.width):
            raise CharacterError(
                f"The VAE of Reference Picture gives latents of {list(latents.shape[1:])}, but the clip has "
                f"{[4, clip.height, clip.width]}. Connect the VAE of an SD1.5 checkpoint, or vae-ft-mse-840000."
            )
        return SD15().process_in(latents)


def proportions(pixels: Tensor, clip: Clip) -> float:
    """Width over height of pictures, (pictures, height, width, 3), as a multiple of that of a clip."""
    height, width = pixels.shape[1:3]
    return width * clip.height / (height * clip.width)


@dataclass(frozen=True, eq=False)
class Bank:
    """What the ReferenceNet read in all pictures of a sampling."""

    read: Mapping[LayerName, Tensor]
    """(pictures, pixels, channels) by place."""
    conditional: frozenset[Any] = frozenset()
    """The host's ``uuid`` of every conditioning whose rows look at the pictures; empty if nothing is known of them."""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(tensor.nbytes for tensor in self.read.values())


def read_pictures(pictures: Sequence[ReferencePicture], clip: Clip, model: ModelPatcher) -> Bank:
    """Encode the pictures and let the ReferenceNet read them, all in one pass.

    The host loads the ReferenceNet for that alone, and may unload it again before it loads what is sampled with.

    Args:
        model: the denoising UNet, in whose precision the bank is kept.

    Raises:
        CharacterError: the VAE does not fit, or there is NaN in what comes out.
    """
    net = pictures[0].net
    base: Any = model.model
    latents = torch.cat([picture.latents(clip) for picture in pictures])
    context = rearrange(torch.cat([picture.embeddings for picture in pictures]), "n c -> n 1 c")
    device, dtype = net.patcher.load_device, base.get_dtype_inference()
    count, _, height, width = latents.shape
    needed = base.memory_required([2 * count, *latents.shape[1:]])
    # it is there when the host measures what is free for the models of the sampling
    needed += net.model.bank_size(count, height, width, dtype.itemsize)
    management.load_models_gpu([net.patcher], memory_required=needed)
    bank = Bank(net.model.read(latents.to(device, dtype), context.to(device, dtype)))
    if not all(map(is_finite, bank.read.values())):
        raise CharacterError(
            f"{net.file} made NaN or infinite values of the picture. Start ComfyUI with --force-fp32, or download the "
            "file again."
        )
    return bank
