"""Pictures that a motion module animates, encoded once and handed to the UNet in each call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import torch.nn.functional as F
from torch import Tensor

from ....motion.formats import LATENT, LCM_PICTURE, PIA, Block, Site
from ....motion.temporal import MotionModel, affinities
from ....motion.values import ONE, MotionValue, Strength, in_picture, listed
from ..sampling.latents import PictureError
from ..sampling.moment import Moment
from ..video import vae as frames

FIRST: Block = ("input", 0)
"""The UNet's first layer, a convolution."""
SECOND_LAYERS = tuple(Site("down", level, 1).block for level in range(4))
"""Where AnimateLCM-I2V's features enter: the second motion module of each level going down."""
NODES = {PIA: "Picture for PIA", LCM_PICTURE: "Picture for AnimateLCM-I2V"}


@dataclass(frozen=True)
class PictureNow:
    """What a picture adds to the UNet in one call."""

    parts: Mapping[Block, Tensor]
    """By block: (frames of the call, or 1 for all of them, channels, height, width)."""
    numbers: Sequence[int]
    strength: MotionValue = ONE
    masks: dict[Any, Tensor] = field(default_factory=dict)

    def added(self, block: Block, x: Tensor, effect: MotionValue) -> Tensor:
        """``x`` with what belongs to a block, as strongly as the motion model acts.

        Args:
            x: (conditionings * frames of the call, channels, height, width).
            effect: the motion model's own strength.
        """
        part = self.parts.get(block)
        if part is None:
            return x
        size = (x.shape[2], x.shape[3])
        how = (self.strength * effect).over(self.numbers, size, x.device, self.masks)
        return (x.unflatten(0, (-1, len(self.numbers))) + part * _spread(how, size, x)).flatten(0, 1)


class Picture(Protocol):
    """A picture on a motion-model wire."""

    kind: ClassVar[str]

    @property
    def latents(self) -> Tensor:
        """(pictures, 4, height, width) as the VAE gives them."""
        ...

    def check(self, frames: int) -> list[str]:
        """What to say of a clip of that length.

        Raises:
            PictureError: it has no place in the clip; the message says what to change.
        """
        ...

    def at(self, moment: Moment, model: MotionModel) -> PictureNow | None:
        """What it adds in one call, None for nothing."""
        ...


@dataclass(frozen=True, eq=False)
class PiaPicture:
    """A picture for PIA, the frame it stands at and how much each frame shall be like it."""

    latents: Tensor
    preset: str
    affinity: MotionValue = ONE
    """Multiplies the preset."""
    frame: int = 0
    """Counted from the end if negative."""
    kind: ClassVar[str] = PIA

    def check(self, frames: int) -> list[str]:
        """What to say of a clip of that length.

        Raises:
            PictureError: the clip does not have that frame.
        """
        if not -frames <= self.frame < frames:
            raise PictureError(
                f"frame of {NODES[PIA]} is {self.frame}, but the clip has {frames} frames: 0 to {frames - 1}, or -1 "
                f"to {-frames} counted from the end. Change frame, or the batch size of the latent."
            )
        return self.affinity.told_short(f"affinity of {NODES[self.kind]}", frames)

    def at(self, moment: Moment, model: MotionModel) -> PictureNow:
        """The output of PIA's five input channels."""
        timing, kept = moment.now.timing, moment.now.timing.kept
        if (self, moment.total) not in kept:
            values = affinities(self.preset, moment.total, self.frame % moment.total)
            kept[self, moment.total] = MotionValue(curves=(listed(values),)) * self.affinity
        affinity = kept[self, moment.total]
        if affinity.keyframes:
            affinity = timing.value(affinity, moment.now.sigma)
        latent = _in_scale(self, moment, "bilinear")
        size = (latent.shape[2], latent.shape[3])
        amount = affinity.over(moment.numbers, size, latent.device, timing.masks)
        amount = latent.new_ones(len(moment.numbers), 1, *size) * _spread(amount, size, latent)
        return PictureNow({FIRST: model.picture_layers(amount, latent)}, moment.numbers)


@dataclass(frozen=True, eq=False)
class LcmPicture:
    """One picture for AnimateLCM-I2V, or one for each frame, and how strongly and when it acts."""

    latents: Tensor
    strength: MotionValue = ONE
    drift: float = 0.0
    start_percent: float = 0.0
    end_percent: float = 1.0
    kind: ClassVar[str] = LCM_PICTURE

    def check(self, frames: int) -> list[str]:
        """What to say of a clip of that length: one picture serves all frames, the last of several repeats."""
        told = self.strength.told_short(f"strength of {NODES[self.kind]}", frames)
        count = self.latents.shape[0]
        if count in (1, frames):
            return told
        rest = "the last one is used for the rest" if count < frames else "those after them are not used"
        return [*told, f"{NODES[self.kind]} has {count} pictures, but the clip has {frames} frames: {rest}."]

    def at(self, moment: Moment, model: MotionModel) -> PictureNow | None:
        """The encoder's features at the second motion module of each level."""
        strength = moment.now.value(self, self.strength)
        if strength.is_zero:
            return None
        timing = moment.now.timing
        key = (self, "features", moment.x.shape[2:], moment.x.device)
        if key not in timing.kept:
            latents = _in_scale(self, moment, "nearest-exact")[: moment.total]
            last = latents.shape[0] - 1
            if self.drift and last:
                latents = latents[[min(number, last) for number in range(moment.total)]]
            timing.kept[key] = model.picture_layers(latents, self.drift, range(moment.total))
        features = timing.kept[key]
        last = features[0].shape[0] - 1
        if last:
            rows = [min(number, last) for number in moment.numbers]
            features = [feature[rows] for feature in features]
        parts = dict(zip(SECOND_LAYERS, features, strict=True))
        return PictureNow(parts, moment.numbers, strength, timing.masks)


def _spread(strength: Strength, size: tuple[int, int], like: Tensor) -> Strength:
    spread = in_picture(strength, size)
    return spread.to(like) if isinstance(spread, Tensor) else spread


def _in_scale(picture: Picture, moment: Moment, mode: str) -> Tensor:
    """A picture's latents in the scale, size, dtype and place of the UNet, worked out once a sampling."""
    size = moment.x.shape[2:]
    key = (picture, "latents", size, moment.x.device)
    kept = moment.now.timing.kept
    if key not in kept:
        scaled = moment.base.process_latent_in(picture.latents)
        if scaled.shape[2:] != size:
            scaled = F.interpolate(scaled.float(), size, mode=mode, antialias=mode == "bilinear")
        kept[key] = scaled.to(moment.x.device, moment.base.get_dtype_inference())
    return kept[key]


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
    # grey, grey with transparency, colours, colours with transparency
    colours = 1 if images.shape[3] < 3 else 3
    images = images[..., :colours].expand(*images.shape[:3], 3)
    if not bool(images.isfinite().all()):
        raise PictureError("The picture holds NaN or infinite values. Connect another one.")
    height, width = images.shape[1:3]
    if min(height, width) < vae.spacial_compression_encode():
        raise PictureError(f"The picture has {width} x {height} pixels, which is too small. Connect a larger one.")
    latents = frames.encode(vae, images, 0, lambda _done, _all: None)
    if latents.ndim != 4 or latents.shape[1] != LATENT:
        raise PictureError(
            f"This VAE makes latents of {latents.shape[1]} channels; the motion modules that animate pictures know "
            f"those of SD1.5, with {LATENT}. Connect the VAE of the SD1.5 checkpoint."
        )
    return latents


def resized(picture: Picture, size: tuple[int, ...]) -> list[str]:
    """What to say of a picture in another size than the clip.

    Args:
        size: height and width of the clip's latents.
    """
    own = tuple(picture.latents.shape[2:])
    if own == size:
        return []
    (height, width), (tall, wide) = own, size
    return [
        f"The picture of {NODES[picture.kind]} is {8 * width} x {8 * height}, the clip {8 * wide} x {8 * tall}: its "
        f"latent is resized{' and its proportions change' if height * wide != width * tall else ''}. Scale the picture "
        "to the size of the clip for a sharper result."
    ]
