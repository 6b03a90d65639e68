"""Latents of a picture in the size of a clip, whose proportions may be others."""

import torch.nn.functional as F
from torch import Tensor

CROP, PAD, STRETCH = "crop", "pad", "stretch"
FITS = {
    CROP: "cropped in its middle",
    PAD: "continued at its edges",
    STRETCH: "its proportions change",
}
"""How a picture of other proportions becomes one of the clip's, and what to say of its latent, after "is"."""
Size = tuple[int, int]
"""Height and width."""


def fitted(latents: Tensor, size: Size, fit: str, mode: str) -> Tensor:
    """Latents in another size.

    What `PAD` adds is the outermost row or column, repeated: of all that could stand there it is the likeliest, while a
    bar of one colour would be seen in the clip.

    Args:
        latents: (pictures, channels, height, width).
        fit: a key of `FITS`.
        mode: of torch's interpolation; "bilinear" averages where it makes smaller.
    """
    own = (latents.shape[2], latents.shape[3])
    if fit == CROP:
        kept = within(own, size)
        top, left = ((all - part) // 2 for all, part in zip(own, kept, strict=True))
        latents = latents[:, :, top : top + kept[0], left : left + kept[1]]
    inner = within(size, own) if fit == PAD else size
    if latents.shape[2:] != inner:
        latents = F.interpolate(latents, inner, mode=mode, antialias=mode == "bilinear")
    above, before = ((all - part) // 2 for all, part in zip(size, inner, strict=True))
    margins = (before, size[1] - inner[1] - before, above, size[0] - inner[0] - above)
    return F.pad(latents, margins, mode="replicate") if any(margins) else latents


def within(size: Size, proportions: Size) -> Size:
    """The largest part of a size that has the proportions of another one, to the nearest place and never nothing."""
    (height, width), (tall, wide) = size, proportions
    return max(1, min(height, round(width * tall / wide))), max(1, min(width, round(height * wide / tall)))


def told_fit(own: Size, size: Size, fit: str) -> list[str]:
    """What `fitted` does to latents, in words that follow "is"; nothing for those that fit."""
    before, after = (within(own, size) if fit == CROP else own), (within(size, own) if fit == PAD else size)
    other_shape = own[0] * size[1] != own[1] * size[0] if fit == STRETCH else (before, after) != (own, size)
    return [*(["resized"] if before != after else []), *([FITS[fit]] if other_shape else [])]
