"""Latents of pictures for the frames of a clip."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ....motion.values import MotionValue, Strength, in_picture
from ..images import is_finite


class PictureError(ValueError):
    """A picture that does not fit the clip."""


@dataclass(frozen=True, eq=False)
class PictureOverTime:
    """A picture, or one for each frame, and how much of it there is at each frame and place."""

    latents: Tensor
    """(1 or frames, channels, height, width), as a VAE gives them."""
    strength: MotionValue

    def over(self, under: Tensor, base: Any) -> Tensor:
        """``under`` + strength * (picture - ``under``), both in the model's own scale.

        Args:
            under: (frames, channels, height, width).
            base: the host's model, which knows that scale.

        Raises:
            PictureError: the picture does not fit.
        """
        return under + self.share(under, self.strength) * (self.of_model(base, under) - under)

    def of_model(self, base: Any, like: Tensor) -> Tensor:
        """The latents in the scale the model works with, on the device of a clip.

        Raises:
            PictureError: another size, or neither one picture nor one for each frame.
        """
        check_fits(self.latents, like)
        return base.process_latent_in(self.latents.to(like))

    def share(self, like: Tensor, strength: MotionValue) -> Strength:
        """A strength without keyframes at the frames and pixels of a clip."""
        size = (like.shape[2], like.shape[3])
        share = in_picture(strength.over(range(like.shape[0]), size, like.device), size)
        return share.to(like) if isinstance(share, Tensor) else share


def picture_latents(samples: Mapping[str, Any]) -> Tensor:
    """The latents of a LATENT of pictures.

    Raises:
        PictureError: it is of a video or audio model, is empty, or holds NaN.
    """
    latents = samples["samples"]
    if getattr(latents, "is_nested", False) or latents.ndim != 4:
        raise PictureError("This latent is not one of pictures. Encode the picture with the VAE of the checkpoint.")
    if 0 in latents.shape:
        raise PictureError("The latent of the picture is empty. Connect VAE Encode.")
    if not is_finite(latents):
        raise PictureError("The latent of the picture holds NaN or infinite values. Encode the picture again.")
    return latents


def check_fits(latents: Tensor, clip: Tensor) -> None:
    """Stop on a picture of another size than the clip.

    Raises:
        PictureError: see above.
    """
    if clip.ndim != 4 or latents.shape[1] != clip.shape[1]:
        raise PictureError(
            f"The picture was encoded for another kind of model ({latents.shape[1]} channels, the clip has "
            f"{clip.shape[1]}). Encode it with the VAE of the checkpoint."
        )
    if latents.shape[2:] != clip.shape[2:]:
        own, wanted = (" x ".join(str(8 * side) for side in reversed(of.shape[2:])) for of in (latents, clip))
        raise PictureError(f"The picture has {own} pixels, but the clip {wanted}. Resize it before VAE Encode.")
    if latents.shape[0] not in (1, clip.shape[0]):
        raise PictureError(
            f"There are {latents.shape[0]} pictures, but the clip has {clip.shape[0]} frames. Give one picture, or "
            "one for each frame."
        )
