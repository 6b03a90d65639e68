"""Train Motion Module."""

from typing import Any

from comfy_api.latest import io

from ...motion.formats import SQRT_LINEAR
from ...motion.training import VERSIONS
from ..host import folders, temporal
from ..host.clips import TrainingClips, model_identity
from ..host.training import Ground, Options, Part, Task, motion_module, train
from ..inputs import MotionModelType
from .common import (
    CATEGORY,
    TrainingNode,
    as_output,
    check_frames,
    clips_input,
    settings_input,
    training_inputs,
    training_outputs,
)


class TrainMotionModule(TrainingNode):
    """Clips in, a motion module out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaTrainMotionModule",
            display_name="Train Motion Module",
            category=CATEGORY,
            description="Learns how things move, from many clips: a new motion module, which does nothing at first, or "
            "one that goes on learning. The image model stays as it is.",
            search_aliases=["train animatediff", "finetune motion module", "train motion model", "stage 2"],
            is_output_node=True,
            inputs=[
                io.Model.Input(
                    "model",
                    tooltip="The checkpoint's model, before Animate Model. Put a domain adapter that was learnt from "
                    "the same clips on it first.",
                ),
                clips_input("The clips, from Prepare Clips."),
                *training_inputs("my_motion_module", "animatediff_models", 10_000, 4),
                io.Combo.Input(
                    "version",
                    options=list(VERSIONS),
                    default=next(iter(VERSIONS)),
                    optional=True,
                    tooltip="What a new one is built like: v2 has a part for the middle of the UNet, too. A motion "
                    "module that is connected keeps its own.",
                ),
                MotionModelType.Input(
                    "motion_model",
                    optional=True,
                    tooltip="A motion module to go on with, from Load Motion Module. Without one a new one is begun.",
                ),
                settings_input(),
            ],
            outputs=[
                MotionModelType.Output(
                    "trained", display_name="motion_model", tooltip="What was learnt, for Animate Model."
                ),
                *training_outputs(),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        training_clips: TrainingClips,
        filename_prefix: str = "my_motion_module",
        steps: int = 10_000,
        learning_rate: float = 1e-4,
        batch_size: int = 4,
        seed: int = 0,
        version: str = next(iter(VERSIONS)),
        motion_model: temporal.LoadedMotion | None = None,
        settings: Options | None = None,
    ) -> io.NodeOutput:
        """Learn, or go on learning."""
        check_frames(training_clips, 2, "a motion module")

        def make(ground: Ground) -> Part:
            return motion_module(ground, motion_model, version, seed)

        about = {"kind": "motion module", "version": version}
        if motion_model is not None:
            about |= {
                "version": motion_model.model.format.name,
                "start_from": motion_model.file,
                "start_weights": model_identity(motion_model.loaded.patcher),
            }
        task = Task(
            model,
            training_clips,
            make,
            folders.MOTION_MODULES,
            filename_prefix,
            SQRT_LINEAR if motion_model is None else motion_model.model.format.beta_schedule,
            steps,
            learning_rate,
            batch_size,
            seed,
            settings or Options(),
            about,
        )
        learnt = train(task)
        return as_output(cls, temporal.load_motion(str(learnt.path)), learnt)
