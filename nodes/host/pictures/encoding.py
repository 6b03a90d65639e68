"""Pictures as latents, for motion modules that animate them."""

from typing import Any

from torch import Tensor

from ....motion.formats import LATENT
from ..images import in_colours
from ..sampling import PictureError
from ..video import encode


def encode_pictures(vae: Any, images: Tensor) -> Tensor:
    """Pictures of the host as latents, (pictures, 4, height, width); transparency plays no part.

    Args:
        images: (pictures, height, width, channels) in 0..1.

    Raises:
        PictureError: no picture, one of less than a latent's pixel, NaN in it, or a VAE of another kind of model.
        FramesError: a VAE in which frames depend on one another.
    """
    if images.ndim != 4 or 0 in images.shape:
        raise PictureError("The picture is empty: it has no pixels. Connect another one.")
    images = in_colours(images)
    if not bool(images.isfinite().all()):
        raise PictureError("The picture holds NaN or infinite values. Connect another one.")
    height, width = images.shape[1:3]
    if min(height, width) < vae.spacial_compression_encode():
        raise PictureError(f"The picture has {width} x {height} pixels, which is too small. Connect a larger one.")
    latents = encode(vae, images, 0, lambda _done, _all: None)
    if latents.ndim != 4 or latents.shape[1] != LATENT:
        raise PictureError(
            f"This VAE makes latents of {latents.shape[1]} channels; the motion modules that animate pictures know "
            f"those of SD1.5, with {LATENT}. Connect the VAE of the SD1.5 checkpoint."
        )
    return latents
