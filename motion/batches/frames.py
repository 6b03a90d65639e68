"""What came over a wire as a batch of frames: which kind it is, and where its frames are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from torch import Tensor

from .errors import BatchError

PICTURE_CHANNELS = range(1, 5)
"""Grey, grey with transparency, colours, colours with transparency."""


class Kind(StrEnum):
    """The host's types of frames."""

    IMAGE = "IMAGE"
    MASK = "MASK"
    LATENT = "LATENT"


@dataclass(frozen=True, eq=False)
class Frames:
    """A batch of frames."""

    kind: Kind
    pixels: Tensor
    """IMAGE (frames, height, width, channels); MASK (frames, height, width); LATENT (frames, channels, height, width)
    or, of video models, (batch, channels, frames, height, width)."""
    axis: int = 0
    """Where the frames are."""
    latent: Mapping[str, Any] | None = None
    """The LATENT that the pixels are the samples of, with whatever else it holds."""

    @property
    def count(self) -> int:
        """How many frames there are."""
        return self.pixels.shape[self.axis]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, of a latent in its own places."""
        height, width = self.layers.shape[-2:]
        return width, height

    @property
    def channels(self) -> int:
        """Channels of each frame; a mask has one."""
        return self.layers.shape[-3]

    @property
    def layers(self) -> Tensor:
        """The same pixels as a view of (frames, …, channels, height, width)."""
        return as_layers(self.kind, self.pixels, self.axis)

    @property
    def frame_bytes(self) -> int:
        """Memory of one frame."""
        return self.pixels.numel() // self.count * self.pixels.element_size()

    @property
    def value(self) -> Any:
        """What goes over a wire."""
        return self.pixels if self.latent is None else {**self.latent, "samples": self.pixels}

    def holding(self, pixels: Tensor, latent: Mapping[str, Any] | None) -> "Frames":
        """Other frames of the same kind."""
        return replace(self, pixels=pixels, latent=latent)


def as_layers(kind: Kind, pixels: Tensor, axis: int) -> Tensor:
    """A view of (frames, …, channels, height, width)."""
    if kind is Kind.IMAGE:
        return pixels.movedim(-1, 1)
    return pixels.unsqueeze(1) if kind is Kind.MASK else pixels.movedim(axis, 0)


def as_frames(value: Any, name: str = "batch") -> Frames:
    """Frames of an IMAGE, a MASK or a LATENT of the host.

    Args:
        name: the input they came by, for messages.

    Raises:
        BatchError: they are none of these, or none at all.
    """
    if isinstance(value, Mapping):
        frames = _of_latent(value, name)
    elif isinstance(value, Tensor):
        frames = _of_tensor(value, name)
    else:
        raise BatchError(f"{name} holds neither images, masks nor a latent. Connect an output of one of these types.")
    if 0 in frames.pixels.shape:
        what = "no frames" if frames.count == 0 else "frames without pixels"
        raise BatchError(f"{name} has {what}. Look at the node before: it gave an empty {frames.kind}.")
    return frames


def _of_tensor(pixels: Tensor, name: str) -> Frames:
    if pixels.ndim == 2:
        return Frames(Kind.MASK, pixels.unsqueeze(0))
    if pixels.ndim == 3:
        return Frames(Kind.MASK, pixels)
    if pixels.ndim == 4 and pixels.shape[1] == 1 and pixels.shape[3] not in PICTURE_CHANNELS:
        # masks as some nodes hand them on, and as latents hold them
        return Frames(Kind.MASK, pixels.squeeze(1))
    if pixels.ndim == 4:
        return Frames(Kind.IMAGE, pixels)
    raise BatchError(
        f"{name} has the shape {tuple(pixels.shape)}, which no images or masks have. Connect another output."
    )


def _of_latent(latent: Mapping[str, Any], name: str) -> Frames:
    pixels = latent.get("samples")
    if getattr(pixels, "is_nested", False):
        raise BatchError(
            f"{name} holds a video and its sound in one latent. Take them apart first, with "
            "LTXVSeparateAVLatent, or decode them."
        )
    if not isinstance(pixels, Tensor):
        raise BatchError(f"{name} is a latent without samples. Connect a sampler, VAE Encode or an empty latent.")
    if latent.get("type") == "audio" or pixels.ndim not in (4, 5):
        raise BatchError(
            f"{name} is no latent of pictures but of sound or something else. Connect one that has frames."
        )
    # a batch of single pictures of a video model is one of frames as well
    return Frames(Kind.LATENT, pixels, 2 if pixels.ndim == 5 and pixels.shape[2] != 1 else 0, latent)
