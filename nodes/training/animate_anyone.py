"""Train Animate Anyone."""

from typing import Any

from comfy_api.latest import io

from ..host import character
from ..host.clips import Clips, TrainingClips
from ..host.training import STAGES, USUAL, Options, Stage, train_stage
from ..inputs import AnimateAnyoneType, ClipsType
from .common import (
    CATEGORY,
    TrainingNode,
    as_output,
    clips_input,
    settings_input,
    training_inputs,
    training_outputs,
)


class TrainAnimateAnyone(TrainingNode):
    """Clips of characters and their poses in, the parts of a release out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaTrainAnimateAnyone",
            display_name="Train Animate Anyone",
            category=CATEGORY,
            description="Learns to draw a character from one picture in any pose (stage 1), and then how it moves "
            "(stage 2), from clips and videos of their poses. The files work in Load Animate Anyone and in the "
            "authors' scripts.",
            search_aliases=[
                *("train animate anyone", "moore-animateanyone", "train reference net", "referencenet"),
                *("train pose guider", "musepose", "train character", "stage 1", "stage 2"),
            ],
            is_output_node=True,
            inputs=[
                io.Model.Input(
                    "model",
                    tooltip="The denoising UNet: from Load Animate Anyone, or an SD1.5 checkpoint's model to begin "
                    "with in stage 1.",
                ),
                AnimateAnyoneType.Input(
                    "animate_anyone",
                    tooltip="The parts to go on with, from Load Animate Anyone. Stage 1 begins those that are none; "
                    "stage 2 needs all, with a motion module such as mm_sd_v15_v2.",
                ),
                io.ClipVision.Input("clip_vision", tooltip="CLIP ViT-L/14, the image_encoder of sd-image-variations."),
                clips_input("Clips of one character each, from Prepare Clips, with 24 frames."),
                ClipsType.Input(
                    "poses",
                    tooltip="Videos of the poses of the same clips, from another Load Clips: same names, as many "
                    "frames. Its other settings do not count.",
                ),
                io.Combo.Input(
                    "stage",
                    options=list(STAGES),
                    default=STAGES[0],
                    optional=True,
                    tooltip="images: the UNets and the pose guider, from single frames. motion: the motion module "
                    "alone, after that.",
                ),
                *training_inputs("my_character", "animate_anyone", 10_000, 1, 1e-5),
                settings_input(),
            ],
            outputs=[
                AnimateAnyoneType.Output(
                    "trained", display_name="animate_anyone", tooltip="The parts with what was learnt."
                ),
                io.Model.Output("trained_model", display_name="model", tooltip="The denoising UNet that goes with it."),
                *training_outputs(),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        animate_anyone: character.AnimateAnyone,
        clip_vision: Any,
        training_clips: TrainingClips,
        poses: Clips,
        stage: str = STAGES[0],
        filename_prefix: str = "my_character",
        steps: int = 10_000,
        learning_rate: float = 1e-5,
        batch_size: int = 1,
        seed: int = 0,
        settings: Options | None = None,
    ) -> io.NodeOutput:
        """Learn, or go on learning."""
        made = train_stage(
            Stage(
                stage,
                model,
                animate_anyone,
                clip_vision,
                training_clips,
                poses,
                filename_prefix,
                steps,
                learning_rate,
                batch_size,
                seed,
                settings or USUAL,
            )
        )
        return as_output(cls, made.parts, made.learnt, made.model)
