"""Picture for PIA, Picture for AnimateLCM-I2V: what image-to-video motion modules animate."""

from collections.abc import Iterable
from typing import Any

from comfy_api.latest import io

from ...motion.formats import LCM_PICTURE, PIA
from ...motion.temporal import CROP, DRIFT, FIRST_LAYERS, FITS, PRESETS
from ..host import pictures
from ..host.temporal import LoadedMotion
from ..inputs import (
    MOST_FRAMES,
    MotionModelType,
    as_acts,
    as_value,
    check_strength,
    range_inputs,
    range_problem,
    strength_input,
    strength_problem,
)

MOST_DRIFT = 10.0
MOTION = next(iter(PRESETS))


def _motion_model(file: str) -> io.Input:
    return MotionModelType.Input("motion_model", tooltip=f"The motion module {file}, from Load Motion Module.")


def _fit() -> io.Input:
    return io.Combo.Input(
        "fit",
        options=list(FITS),
        default=CROP,
        optional=True,
        tooltip="For a picture of other proportions than the clip: crop keeps its middle, pad keeps all of it and "
        "continues its edges, stretch changes its proportions.",
    )


def _check_choice(name: str, choice: Any, options: Iterable[str]) -> None:
    """Stop on what came over a wire and is none of the options; the host looks only at what stands on the node."""
    if choice not in tuple(options):
        raise ValueError(f"{name} is {choice!r}. Choose one of {', '.join(options)}.")


def _pictured() -> io.Output:
    return MotionModelType.Output(
        "pictured",
        display_name="motion_model",
        tooltip="The motion module with its picture, for Animate Model; the one that came in stays as it is.",
    )


class PiaPicture(io.ComfyNode):
    """The motion module PIA with the picture it animates."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaPiaPicture",
            display_name="Picture for PIA",
            category="Kinema/pictures",
            description="Gives the motion module PIA the picture it animates, and says how much each frame shall be "
            "like it. Connect it between Load Motion Module and Animate Model.",
            search_aliases=[
                "pia",
                "apply animatediff-pia model",
                "pia input",
                "image to video",
                "i2v",
            ],
            inputs=[
                _motion_model("pia"),
                io.Image.Input("image", tooltip="One picture, best in the size of the clip. Transparency is ignored."),
                io.Vae.Input("vae", tooltip="The VAE of the SD1.5 checkpoint, which encodes the picture."),
                io.Combo.Input(
                    "motion",
                    options=list(PRESETS),
                    default=MOTION,
                    tooltip="How far frames may move away from the picture: the published settings for animation, "
                    "loops and style transfer, or custom, which takes affinity alone.",
                    optional=True,
                ),
                io.Int.Input(
                    "frame",
                    default=0,
                    min=-MOST_FRAMES,
                    max=MOST_FRAMES,
                    optional=True,
                    tooltip="The frame at which the picture stands. 0 is the first, -1 the last one.",
                ),
                strength_input(
                    "affinity",
                    "Multiplies how much each frame is like the picture: below 1 gives more motion. With custom motion "
                    "it is the value itself. Takes a Motion Value or a mask too.",
                    low=0.0,
                ),
                _fit(),
                io.Combo.Input(
                    "first_layer",
                    options=list(FIRST_LAYERS),
                    default="auto",
                    advanced=True,
                    optional=True,
                    tooltip="Whose weights read the noisy latent: pia for plain Stable Diffusion 1.5, as trained; "
                    "checkpoint for every personalised model. auto is checkpoint, because files do not say which they "
                    "are.",
                ),
            ],
            outputs=[_pictured()],
        )

    @classmethod
    def validate_inputs(cls, affinity: Any = 1.0) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return strength_problem("affinity", affinity, low=0.0) or True

    @classmethod
    def execute(
        cls,
        motion_model: LoadedMotion,
        image: Any,
        vae: Any,
        motion: str = MOTION,
        frame: int = 0,
        affinity: Any = 1.0,
        fit: str = CROP,
        first_layer: str = "auto",
    ) -> io.NodeOutput:
        """Encode the picture."""
        pictures.check_takes(motion_model, PIA)
        _check_choice("motion", motion, PRESETS)
        _check_choice("fit", fit, FITS)
        _check_choice("first_layer", first_layer, FIRST_LAYERS)
        count = image.shape[0]
        if count > 1:
            raise ValueError(
                f"{count} pictures came in image, but PIA animates one. Choose one with Get Image from Batch "
                "(ImageFromBatch)."
            )
        value = as_value("affinity", affinity, low=0.0)
        latents = pictures.encode_pictures(vae, image)
        picture = pictures.PiaPicture(latents, motion, value, frame, fit, first_layer)
        return io.NodeOutput(motion_model.accompanied(picture))


class LcmPicture(io.ComfyNode):
    """The motion module AnimateLCM-I2V with the picture it animates."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLcmPicture",
            display_name="Picture for AnimateLCM-I2V",
            category="Kinema/pictures",
            description="Gives the motion module AnimateLCM-I2V the picture it animates. Connect it between Load "
            "Motion Module and Animate Model.",
            search_aliases=[
                "animatelcm-i2v",
                "animatelcm i2v",
                "apply animatelcm-i2v model",
                "scale ref image and vae encode",
                "ref_latent",
                "image to video",
                "i2v",
            ],
            inputs=[
                _motion_model("AnimateLCM_sd15_i2v"),
                io.Image.Input(
                    "image",
                    tooltip="One picture, or one for each frame of the clip; best in the size of the clip. "
                    "Transparency is ignored.",
                ),
                io.Vae.Input("vae", tooltip="The VAE of the SD1.5 checkpoint, which encodes the picture."),
                strength_input(
                    "strength",
                    "How strongly the picture acts. 1 is as trained, 0 leaves it out. Takes a Motion Value or a mask "
                    "too.",
                    low=0.0,
                ),
                *range_inputs("picture"),
                io.Float.Input(
                    "drift",
                    default=DRIFT,
                    min=0.0,
                    max=MOST_DRIFT,
                    step=0.01,
                    advanced=True,
                    optional=True,
                    tooltip="Adds the position of each frame to what is read from the picture, so that frames may move "
                    "away from it. 0.8 is the authors', 0 adds nothing.",
                ),
                _fit(),
            ],
            outputs=[_pictured()],
        )

    @classmethod
    def validate_inputs(
        cls,
        strength: Any = 1.0,
        start_percent: float | None = 0.0,
        end_percent: float | None = 1.0,
        drift: float | None = DRIFT,
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return (
            strength_problem("strength", strength, low=0.0)
            or strength_problem("drift", drift, low=0.0, high=MOST_DRIFT)
            or range_problem(start_percent, end_percent, would="act")
            or True
        )

    @classmethod
    def execute(
        cls,
        motion_model: LoadedMotion,
        image: Any,
        vae: Any,
        strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        drift: float = DRIFT,
        fit: str = CROP,
    ) -> io.NodeOutput:
        """Encode the picture."""
        pictures.check_takes(motion_model, LCM_PICTURE)
        acts = as_acts(strength, start_percent, end_percent, low=0.0)
        _check_choice("fit", fit, FITS)
        check_strength("drift", drift, low=0.0, high=MOST_DRIFT)
        latents = pictures.encode_pictures(vae, image)
        return io.NodeOutput(motion_model.accompanied(pictures.LcmPicture(latents, acts, drift, fit)))
