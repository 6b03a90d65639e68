"""Animate Character."""

from typing import Any

from comfy_api.latest import io

from ..host import animate, character
from ..inputs import AnimateAnyoneType, MotionLoraType, MotionModelType, PoseGuideType, ReferencePictureType

AUTO, EXISTING, NONE = "auto", "use existing", "none"


class AnimateCharacter(io.ComfyNode):
    """Denoising UNet, reference and guide in, MODEL that moves the character out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaAnimateCharacter",
            display_name="Animate Character",
            category="Kinema/character",
            description="Puts the motion module, the reference picture and the pose guide into the denoising UNet, "
            "with the noise schedule and the windows of the release. Sample the result with any sampler.",
            search_aliases=[
                "animate anyone",
                "animate anyone sampler",
                "musepose",
                "champ",
                "aniportrait",
                "character",
            ],
            inputs=[
                io.Model.Input("model", tooltip="The denoising UNet of Load Animate Anyone, with any LoRAs."),
                AnimateAnyoneType.Input("animate_anyone", tooltip="The parts, from Load Animate Anyone."),
                ReferencePictureType.Input(
                    "reference", optional=True, tooltip="What the character looks like, from Reference Picture."
                ),
                PoseGuideType.Input("guide", optional=True, tooltip="How it moves, from Pose Guide."),
                MotionModelType.Input(
                    "motion_model", optional=True, tooltip="A motion module in place of the release's own."
                ),
                MotionLoraType.Input(
                    "motion_lora", optional=True, tooltip="One or several MotionLoRAs, from Load MotionLoRA."
                ),
                io.Combo.Input(
                    "sampling",
                    options=[AUTO, EXISTING],
                    default=AUTO,
                    optional=True,
                    tooltip="auto sets the release's noise schedule, v-prediction and zero terminal SNR. use existing "
                    "keeps what the model has, for a checkpoint in place of the denoising UNet.",
                ),
                io.Combo.Input(
                    "context",
                    options=[AUTO, NONE],
                    default=AUTO,
                    optional=True,
                    tooltip="auto samples clips longer than the release's window in its windows. none leaves that to "
                    "Sliding Context.",
                ),
            ],
            outputs=[
                io.Model.Output(
                    "animated",
                    display_name="model",
                    tooltip="For the sampler: 20 or 25 steps, cfg 3.5, sampler ddim or euler, scheduler simple.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        animate_anyone: character.AnimateAnyone,
        reference: tuple[character.ReferencePicture, ...] = (),
        guide: tuple[character.Guide, ...] = (),
        motion_model: Any = None,
        motion_lora: Any = (),
        sampling: str = AUTO,
        context: str = AUTO,
    ) -> io.NodeOutput:
        """Attach all of it to a clone of the model."""
        return io.NodeOutput(
            animate.animate_character(
                model,
                animate_anyone,
                motion=motion_model,
                pictures=reference or (),
                guides=guide or (),
                loras=motion_lora or (),
                sampling=sampling == AUTO,
                windows=context == AUTO,
            )
        )
