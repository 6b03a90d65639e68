"""Train Tune-A-Video."""

from typing import Any

from comfy_api.latest import io

from ...motion.formats import LINEAR
from ..host import crossframe, folders
from ..host.clips import TrainingClips
from ..host.training import Options, Task, one_shot_part, train
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

ONE_SHOT = Options(dropout=0.0)
"""The authors leave no captions out."""


class TrainTuneAVideo(TrainingNode):
    """One clip in, a model out that makes other clips which move as it does."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaTrainTuneAVideo",
            display_name="Train Tune-A-Video",
            category=CATEGORY,
            description="Tunes an image model on one clip and its caption, so that other prompts move as that clip "
            "does. The file works in Apply Tune-A-Video.",
            search_aliases=["tune-a-video", "tune a video", "one-shot video tuning", "video editing", "tuneavideo"],
            is_output_node=True,
            inputs=[
                io.Model.Input("model", tooltip="The checkpoint's model, before Animate Model."),
                clips_input("One clip with its caption, from Prepare Clips."),
                *training_inputs("my_tune_a_video", "tune_a_video", 500, 1, 3e-5),
                io.Boolean.Input(
                    "norm_over_frames",
                    default=True,
                    tooltip="Group norms take their statistics over all frames of the clip, as the authors have it. "
                    "Apply Tune-A-Video wants the same.",
                    advanced=True,
                    optional=True,
                ),
                settings_input(),
            ],
            outputs=[
                io.Model.Output(
                    "trained",
                    display_name="model",
                    tooltip="The tuned model, for DDIM Invert and for a sampler. Frames are the batch of the latent.",
                ),
                *training_outputs(),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        training_clips: TrainingClips,
        filename_prefix: str = "my_tune_a_video",
        steps: int = 500,
        learning_rate: float = 3e-5,
        batch_size: int = 1,
        seed: int = 0,
        norm_over_frames: bool = True,
        settings: Options | None = None,
    ) -> io.NodeOutput:
        """Tune, or go on tuning."""
        check_frames(training_clips, 2, "Tune-A-Video")
        task = Task(
            model,
            training_clips,
            lambda ground: one_shot_part(ground, seed, norm_over_frames),
            folders.TUNE_A_VIDEO,
            filename_prefix,
            # as Stable Diffusion itself: the authors tune and sample with it
            LINEAR,
            steps,
            learning_rate,
            batch_size,
            seed,
            settings or ONE_SHOT,
            {"kind": "Tune-A-Video", "norm_over_frames": norm_over_frames},
        )
        learnt = train(task)
        loaded = crossframe.load_one_shot(str(learnt.path))
        return as_output(cls, crossframe.apply_one_shot(model, loaded, 1.0, norm_over_frames), learnt)
