"""All pictures of a clip's characters, as what accompanies its motion model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from comfy.model_patcher import ModelPatcher

from ....motion.character import CharacterError
from ....motion.temporal import MotionModel
from ....motion.values import Acts
from ..images import PIXELS
from ..notices import notice
from ..options import CONTEXT_REFERENCES
from ..sampling import Moment
from ..temporal import Clip, Companion
from .picture import STRETCH, Bank, ReferencePicture, proportions, read_pictures
from .reading import Group, Reading

PROPORTIONS = 1.1
"""How far the proportions of a picture and a clip may lie apart without a word; a guide's are held to more."""


class Together(NamedTuple):
    """Pictures that are looked at together, by their numbers in the bank."""

    numbers: list[int]
    acts: Acts


@dataclass(frozen=True, eq=False)
class References(Companion):
    """What the frames of a clip look at: the pictures of one character, or of several in their places."""

    pictures: tuple[ReferencePicture, ...]
    role: ClassVar[str] = "reference"

    @property
    def never(self) -> bool:
        """Whether no picture is looked at."""
        return all(picture.acts.never for picture in self.pictures)

    def describe(self) -> str:
        """How many there are, and the ReferenceNet that reads them."""
        count = sum(picture.pixels.shape[0] for picture in self.pictures)
        return f"{count} picture{'s' * (count > 1)}, read by {self.pictures[0].net.file}"

    def check_clip(self, clip: Clip) -> list[str]:
        """What to say of pictures of other proportions, short masks, and attentions that another node has taken.

        Raises:
            CharacterError: Context Reference would hide the pictures.
        """
        told = [text for each in self.pictures for text in each.acts.told_short("Reference Picture", clip.frames)]
        for picture in self.pictures:
            height, width = picture.pixels.shape[1:3]
            if not 1 / PROPORTIONS < proportions(picture.pixels, clip) < PROPORTIONS:
                done = "stretched to it, as the authors do" if picture.fit == STRETCH else "cropped to it"
                told.append(
                    f"Reference Picture is {width} x {height}, the clip {PIXELS * clip.width} x "
                    f"{PIXELS * clip.height}: the picture is {done}. Give both the same proportions for a likeness."
                )
        check_context_reference(clip.options)
        taken = clip.options.get("patches_replace", {}).get("attn1", {})
        if taken:
            what = "a self-attention" if len(taken) == 1 else f"{len(taken)} self-attentions"
            told.append(f"Another node replaces {what}; there the reference picture is not seen.")
        return told

    def prepare(self, clip: Clip, model: ModelPatcher) -> Bank:
        """Let the ReferenceNet read the pictures, once for the sampling.

        Raises:
            CharacterError: the VAE does not fit, or NaN comes out.
        """
        bank = read_pictures(self.pictures, clip, model)
        notice(f"{self.describe()}: {bank.size / 1e6:.0f} MB kept.", 20)
        return replace(bank, conditional=clip.conditional)

    def at(self, moment: Moment, model: MotionModel, weights: Sequence[Any]) -> Reading | None:
        """What the frames of a call look at, None for nothing.

        Raises:
            CharacterError: the model is called outside of a sampling.
        """
        groups = [
            Group(numbers, value)
            for numbers, acts in self._groups()
            if not (value := moment.now.strength(acts)).is_zero
        ]
        if not groups:
            return None
        bank = moment.prepared.get(self)
        if bank is None:
            raise CharacterError(
                "The model of Animate Character is called by a node that samples in a way of its own, so that the "
                "reference picture was not read. Use KSampler, SamplerCustom or another sampler of ComfyUI."
            )
        unet = moment.base.diffusion_model
        return Reading(bank, groups, moment.kinds, moment.call, unet, moment.now.timing.masks)

    def _groups(self) -> list[Together]:
        """Those of one node are looked at together, and so are all that act in full, everywhere."""
        groups: list[Together] = []
        first = 0
        for picture in self.pictures:
            numbers = list(range(first, first + picture.pixels.shape[0]))
            first += len(numbers)
            same = next((group for group in groups if _in_full(group.acts) and _in_full(picture.acts)), None)
            if same is None:
                groups.append(Together(numbers, picture.acts))
            else:
                same.numbers.extend(numbers)
        return groups


def _in_full(acts: Acts) -> bool:
    value = acts.strength
    return acts.always and value.number == 1.0 and not value.curves and not value.masks


def check_context_reference(options: Mapping[str, Any]) -> None:
    """Stop on a Context Reference that takes the self-attentions for itself.

    Raises:
        CharacterError: it does.
    """
    for reference in options.get(CONTEXT_REFERENCES, ()):
        if reference.attentions and reference.options.style_fidelity < 1.0:
            raise CharacterError(
                "Context Reference with style_fidelity below 1 takes the self-attentions in which the reference "
                "picture is seen. Set style_fidelity to 1, or let Context Reference act by adain."
            )


def check_reference_fits(unet: Any, picture: ReferencePicture) -> None:
    """Stop on an image model of other widths than the ReferenceNet.

    Raises:
        CharacterError: it is none that was made from Stable Diffusion 1.5.
    """
    net = picture.net.model
    own = tuple(unet.model_channels * mult for mult in unet.channel_mult) if isinstance(unet, UNetModel) else ()
    if own != net.widths:
        kind = type(unet).__name__
        raise CharacterError(
            f"{picture.net.file} reads pictures for SD1.5 models, and this model is another kind ({kind} with "
            f"{list(own) or 'other'} channels). Connect the model of Load Animate Anyone, or of an SD1.5 checkpoint."
        )
