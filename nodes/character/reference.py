"""Reference Picture."""

from typing import Any

from comfy_api.latest import io
from torch import Tensor, zeros

from ...motion.values import MotionValue
from ..host import character
from ..host.notices import notice
from ..inputs import (
    AnimateAnyoneType,
    ReferencePictureType,
    as_acts,
    as_mask,
    range_inputs,
    range_problem,
    strength_input,
    strength_problem,
)


class ReferencePicture(io.ComfyNode):
    """A picture of a character in, what the ReferenceNet will read and its embedding out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaReferencePicture",
            display_name="Reference Picture",
            category="Kinema/character",
            description="The picture of the character to move. The ReferenceNet reads it once for a clip, and its CLIP "
            "embedding stands in for the prompt.",
            search_aliases=["referencenet", "animate anyone reference", "ref image", "character", "reference"],
            inputs=[
                AnimateAnyoneType.Input("animate_anyone", tooltip="The parts, from Load Animate Anyone."),
                io.Image.Input(
                    "image",
                    tooltip="The character, best in the proportions of the clip and with the whole body where poses "
                    "show one. Several pictures in a batch are several views of the same character.",
                ),
                io.Vae.Input("vae", tooltip="A VAE of SD1.5; the authors take vae-ft-mse-840000."),
                io.ClipVision.Input(
                    "clip_vision",
                    tooltip="CLIP ViT-L/14: the image_encoder of sd-image-variations.",
                ),
                strength_input(
                    "strength",
                    "How much the frames look at the picture: 0 not at all, 1 as trained. Takes a Motion Value or a "
                    "mask too.",
                    low=0.0,
                    high=1.0,
                ),
                *range_inputs("picture"),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where in the clip the character is, for several of them: one mask, or one for each frame.",
                ),
                io.Combo.Input(
                    "fit",
                    options=list(character.FITS),
                    default=character.STRETCH,
                    optional=True,
                    advanced=True,
                    tooltip="What becomes of a picture of other proportions than the clip: stretch, as the authors do, "
                    "or crop.",
                ),
                ReferencePictureType.Input(
                    "reference", optional=True, tooltip="Another Reference Picture, to have both in the clip."
                ),
                io.Conditioning.Input(
                    "positive", optional=True, tooltip="The positive output of that other Reference Picture."
                ),
            ],
            outputs=[
                ReferencePictureType.Output(
                    "reference_picture",
                    display_name="reference",
                    tooltip="For Animate Character, or for the next Reference Picture.",
                ),
                io.Conditioning.Output(
                    "embedding", display_name="positive", tooltip="The embedding of the picture, for the sampler."
                ),
                io.Conditioning.Output(
                    "zeros", display_name="negative", tooltip="Zeros, as the authors have it, for the sampler."
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, strength: Any = 1.0, start_percent: float | None = 0.0, end_percent: float | None = 1.0
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength, low=0.0, high=1.0)
        return problem or range_problem(start_percent, end_percent, would="be seen") or True

    @classmethod
    def execute(
        cls,
        animate_anyone: character.AnimateAnyone,
        image: Tensor,
        vae: Any,
        clip_vision: Any,
        strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        mask: Tensor | None = None,
        fit: str = character.STRETCH,
        reference: tuple[character.ReferencePicture, ...] = (),
        positive: list[Any] | None = None,
    ) -> io.NodeOutput:
        """Look at the picture and embed it; the ReferenceNet reads it when the size of the clip is known."""
        acts = as_acts(strength, start_percent, end_percent, would="be seen", low=0.0, high=1.0)
        where = None if mask is None else MotionValue(masks=(character.somewhere(as_mask("mask", mask)),))
        pixels = character.checked_pictures(image)
        character.check_vae(vae)
        embeddings = character.embed(clip_vision, pixels)
        pictures = tuple(reference or ())
        if animate_anyone.reference is None:
            notice("Load Animate Anyone has no reference UNet: the picture acts through its embedding alone.", 20)
        else:
            picture = character.ReferencePicture(animate_anyone.reference, pixels, embeddings, vae, acts, fit)
            pictures = (*pictures, picture if where is None else picture.within(where))
        return io.NodeOutput(
            pictures, character.conditioned(positive, embeddings), [[zeros(1, 1, embeddings.shape[1]), {}]]
        )
