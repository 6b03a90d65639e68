"""Pictures that a motion module animates, encoded once and handed to the UNet in each call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from ....motion.formats import LCM_PICTURE, PIA, PICTURE_NODES, Site
from ....motion.temporal import CROP, DRIFT, FIRST_LAYERS, MotionModel, affinities, fitted, told_fit
from ....motion.values import ALWAYS, ONE, Acts, MotionValue, listed
from ..sampling import Moment, PictureError
from ..temporal import Clip, Companion, LoadedMotion
from .entering import FIRST, ActingPicture, first_layer, spread

SECOND_LAYERS = tuple(Site("down", level, 1).block for level in range(4))
"""Where AnimateLCM-I2V's features enter: the second motion module of each level going down."""


class Picture(Companion):
    """What both kinds of pictures have in common as companions of a motion model; they bring no weights."""

    latents: Tensor
    """(pictures, 4, height, width) as the VAE gives them."""
    fit: str
    """What becomes of other proportions than the clip's, a key of `FITS`."""
    role: ClassVar[str] = "picture"

    def describe(self) -> str:
        """The node it comes from."""
        return f"from {PICTURE_NODES[self.gives]}"

    def check_motion(self, motion: LoadedMotion) -> list[str]:
        """Stop unless a motion module animates this kind of picture.

        Raises:
            PictureError: it takes none, or a picture of another kind.
        """
        check_takes(motion, self.gives)
        return []

    def check_clip(self, clip: Clip) -> list[str]:
        """What to say of a picture in another size than the clip."""
        height, width = self.latents.shape[2:]
        tall, wide = clip.height, clip.width
        done = told_fit((height, width), (tall, wide), self.fit)
        if not done:
            return []
        advice = " Scale the picture to the size of the clip for a sharper result." if "resized" in done else ""
        return [
            f"The picture of {PICTURE_NODES[self.gives]} is {8 * width} x {8 * height}, the clip {8 * wide} x "
            f"{8 * tall}: its latent is {' and '.join(done)}.{advice}"
        ]

    def in_scale(self, moment: Moment, mode: str) -> Tensor:
        """The latents in the scale, size, dtype and place of the UNet, worked out once a sampling."""
        size = (moment.x.shape[2], moment.x.shape[3])
        key = (self, "latents", size, moment.x.device)
        kept = moment.now.timing.kept
        if key not in kept:
            scaled = moment.base.process_latent_in(self.latents).float()
            kept[key] = fitted(scaled, size, self.fit, mode).to(moment.x.device, moment.base.get_dtype_inference())
        return kept[key]


def check_takes(motion: LoadedMotion, picture: str) -> None:
    """Stop unless a motion module animates one kind of picture.

    Raises:
        PictureError: it takes none, or a picture of another kind.
    """
    format = motion.model.format
    if format.picture != picture:
        what = f"takes {PICTURE_NODES[format.picture]}" if format.picture else "takes no picture"
        raise PictureError(
            f"{motion.file} is {format.name}, which {what}. {PICTURE_NODES[picture]} is for {picture}: load its file "
            "in Load Motion Module."
        )


@dataclass(frozen=True, eq=False)
class PiaPicture(Picture):
    """A picture for PIA, and how much each frame shall be like it."""

    latents: Tensor
    preset: str
    affinity: MotionValue = ONE
    """Multiplies the preset."""
    frame: int = 0
    """Counted from the end if negative."""
    fit: str = CROP
    first_layer: str = "auto"
    """Whose the first layer is, but for the picture's channels: a key of `FIRST_LAYERS`."""
    gives: ClassVar[str] = PIA

    def check_clip(self, clip: Clip) -> list[str]:
        """What to say of a clip.

        Raises:
            PictureError: the clip does not have that frame.
        """
        if not -clip.frames <= self.frame < clip.frames:
            raise PictureError(
                f"frame of {PICTURE_NODES[PIA]} is {self.frame}, but the clip has {clip.frames} frames: 0 to "
                f"{clip.frames - 1}, or -1 to {-clip.frames} counted from the end. Change frame, or the batch size of "
                "the latent."
            )
        told = self.affinity.told_short(f"affinity of {PICTURE_NODES[PIA]}", clip.frames)
        return [*told, *super().check_clip(clip)]

    def at(self, moment: Moment, model: MotionModel, weights: Sequence[Any]) -> ActingPicture:
        """The output of PIA's five input channels, and where its other four are asked for, what they change."""
        timing, total = moment.now.timing, moment.call.total
        if (self, total) not in timing.kept:
            values = affinities(self.preset, total, self.frame % total)
            timing.kept[self, total] = MotionValue(curves=(listed(values),)) * self.affinity
        affinity = moment.now.value(timing.kept[self, total])
        latent = self.in_scale(moment, "bilinear")
        size = (latent.shape[2], latent.shape[3])
        numbers = moment.call.numbers
        amount = affinity.over(numbers, size, latent.device, timing.masks)
        amount = latent.new_ones(len(numbers), 1, *size) * spread(amount, size, latent)
        return ActingPicture(
            {FIRST: model.picture_layers(amount, latent)},
            numbers,
            first=type(moment.base.diffusion_model.input_blocks[0][0]),
            change=self._change(moment, model) if FIRST_LAYERS[self.first_layer] else None,
        )

    def _change(self, moment: Moment, model: MotionModel) -> tuple[Tensor, Tensor]:
        """From the checkpoint's first layer to PIA's, worked out once a sampling."""
        key, kept = (self, "change", moment.x.device), moment.now.timing.kept
        if key not in kept:
            weight, bias = (part.to(moment.x.device) for part in first_layer(moment.base))
            kept[key] = model.picture_layers.change(weight, bias)
        return kept[key]


@dataclass(frozen=True, eq=False)
class LcmPicture(Picture):
    """One picture for AnimateLCM-I2V, or one for each frame, and how strongly and when it acts."""

    latents: Tensor
    acts: Acts = ALWAYS
    drift: float = DRIFT
    fit: str = CROP
    gives: ClassVar[str] = LCM_PICTURE

    def check_clip(self, clip: Clip) -> list[str]:
        """What to say of a clip: one picture serves all frames, the last of several repeats."""
        node, frames = PICTURE_NODES[LCM_PICTURE], clip.frames
        told = [*self.acts.told_short(f"strength of {node}", frames), *super().check_clip(clip)]
        count = self.latents.shape[0]
        if count in (1, frames):
            return told
        rest = "the last one is used for the rest" if count < frames else "those after them are not used"
        return [*told, f"{node} has {count} pictures, but the clip has {frames} frames: {rest}."]

    def at(self, moment: Moment, model: MotionModel, weights: Sequence[Any]) -> ActingPicture | None:
        """The encoder's features at the second motion module of each level."""
        strength = moment.now.strength(self.acts)
        if strength.is_zero:
            return None
        timing, total = moment.now.timing, moment.call.total
        key = (self, "features", moment.x.shape[2:], moment.x.device)
        if key not in timing.kept:
            latents = self.in_scale(moment, "nearest-exact")[:total]
            last = latents.shape[0] - 1
            if self.drift and last:
                latents = latents[[min(number, last) for number in range(total)]]
            timing.kept[key] = model.picture_layers(latents, self.drift, range(total))
        features = timing.kept[key]
        last = features[0].shape[0] - 1
        if last:
            rows = [min(number, last) for number in moment.call.numbers]
            features = [feature[rows] for feature in features]
        parts = dict(zip(SECOND_LAYERS, features, strict=True))
        return ActingPicture(parts, moment.call.numbers, strength, timing.masks)
