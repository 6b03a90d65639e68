"""Train MotionLoRA."""

from typing import Any

from comfy_api.latest import io

from ..host import folders, temporal
from ..host.clips import TrainingClips, model_identity
from ..host.training import Ground, Options, Part, Task, motion_lora, train
from ..inputs import MotionLoraType, MotionModelType
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

NEW = "none"
PLAIN, DUAL = "plain", "dual path"
ATTENTION, WIDE = "attention", "attention and feed-forward"


class TrainMotionLora(TrainingNode):
    """Clips of one motion in, a MotionLoRA out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaTrainMotionLora",
            display_name="Train MotionLoRA",
            category=CATEGORY,
            description="Learns a motion, such as a move of the camera, from some clips that show it. The file works "
            "in Load MotionLoRA and in other programs.",
            search_aliases=["motion director", "train lora", "animatediff motion director", "admd", "camera lora"],
            is_output_node=True,
            inputs=[
                io.Model.Input("model", tooltip="The checkpoint's model, before Animate Model."),
                MotionModelType.Input("motion_model", tooltip="The motion module it is for, from Load Motion Module."),
                clips_input("Clips of one motion, from Prepare Clips: 20 to 50, or some few with the dual path."),
                *training_inputs("my_motion_lora", "animatediff_motion_lora", 2000, 1),
                io.Int.Input(
                    "rank",
                    default=64,
                    min=1,
                    max=1024,
                    tooltip="How much it can learn, and its size. The published ones have 64.",
                    optional=True,
                ),
                io.Combo.Input(
                    "method",
                    options=[PLAIN, DUAL],
                    default=PLAIN,
                    optional=True,
                    tooltip="The dual path (MotionDirector) learns the look of the clips beside the motion and throws "
                    "it away. For few clips, or such that look alike.",
                ),
                io.Combo.Input(
                    "layers",
                    options=[ATTENTION, WIDE],
                    default=ATTENTION,
                    optional=True,
                    tooltip="What it changes of the motion module. Published MotionLoRAs change the attention alone, "
                    "those of MotionDirector both.",
                ),
                io.Combo.Input(
                    "start_from",
                    options=[NEW, *folders.model_names(folders.MOTION_LORAS)],
                    default=NEW,
                    optional=True,
                    tooltip="A MotionLoRA to go on with, whose rank and layers it keeps.",
                ),
                settings_input(),
            ],
            outputs=[
                MotionLoraType.Output(
                    "motion_lora", display_name="motion_lora", tooltip="What was learnt, for Animate Model."
                ),
                *training_outputs(),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        motion_model: temporal.LoadedMotion,
        training_clips: TrainingClips,
        filename_prefix: str = "my_motion_lora",
        steps: int = 2000,
        learning_rate: float = 1e-4,
        batch_size: int = 1,
        seed: int = 0,
        rank: int = 64,
        method: str = PLAIN,
        layers: str = ATTENTION,
        start_from: str = NEW,
        settings: Options | None = None,
    ) -> io.NodeOutput:
        """Learn, or go on learning."""
        check_frames(training_clips, 2, "a motion")
        start = None if start_from == NEW else folders.existing_path(folders.MOTION_LORAS, start_from, "MotionLoRA")

        def make(ground: Ground) -> Part:
            return motion_lora(ground, motion_model, rank, seed, layers == WIDE, method == DUAL, start)

        about = {
            "kind": "MotionLoRA",
            "motion_module": motion_model.file,
            "motion_module_weights": model_identity(motion_model.loaded.patcher),
            "rank": rank,
            "method": method,
            "layers": layers,
            "start_from": start_from,
        }
        task = Task(
            model,
            training_clips,
            make,
            folders.MOTION_LORAS,
            filename_prefix,
            motion_model.model.format.beta_schedule,
            steps,
            learning_rate,
            batch_size,
            seed,
            settings or Options(),
            about,
            dual=method == DUAL,
        )
        learnt = train(task)
        loaded = temporal.LoraWeights.load(str(learnt.path))
        return as_output(cls, (temporal.MotionLora(loaded),), learnt)
