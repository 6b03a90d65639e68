"""Apply Tune-A-Video."""

from typing import Any

from comfy_api.latest import io

from ..host import crossframe, files, folders
from ..inputs import check_strength, strength_problem

LOW, HIGH = 0.0, 2.0


class ApplyTuneAVideo(io.ComfyNode):
    """An image model and what was tuned on one clip in, a model that samples clips out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaApplyTuneAVideo",
            display_name="Apply Tune-A-Video",
            category="Kinema/crossframe",
            description="Puts a Tune-A-Video on the image model: layers that were tuned on one clip, so that other "
            "prompts move as that clip does.",
            search_aliases=[
                "tune-a-video",
                "tune a video",
                "tuneavideo",
                "one-shot video tuning",
                "sparse causal attention",
                "cross frame attention",
                "video editing",
            ],
            inputs=[
                io.Model.Input("model", tooltip="The checkpoint it was tuned from, with any LoRAs and patches."),
                io.Combo.Input(
                    "tune_a_video",
                    options=folders.model_names(folders.TUNE_A_VIDEO),
                    tooltip="A file in models/tune_a_video: a whole tuned UNet of the diffusers library, or only the "
                    "part of it that was trained.",
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=LOW,
                    max=HIGH,
                    step=0.01,
                    tooltip="1 is as trained. At 0 nothing of the training is left and frames still look at the first "
                    "frame and the one before.",
                    optional=True,
                ),
                io.Boolean.Input(
                    "norm_over_frames",
                    default=True,
                    tooltip="Group norms take their statistics over all frames of the clip, as the authors have it. "
                    "Off: frame by frame, as in the image model.",
                    advanced=True,
                    optional=True,
                ),
            ],
            outputs=[
                io.Model.Output(
                    "tuned",
                    display_name="model",
                    tooltip="The tuned model, for DDIM Invert and for a sampler. Frames are the batch of the latent.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, strength: float = 1.0) -> bool | str:
        """Answer a strength that cannot work before anything runs."""
        return strength_problem("strength", strength, LOW, HIGH) or True

    @classmethod
    def fingerprint_inputs(cls, tune_a_video: str | None = None, **_: Any) -> Any:
        """Apply again when the file on disk is replaced."""
        return files.file_fingerprint(tune_a_video and folders.model_path(folders.TUNE_A_VIDEO, tune_a_video))

    @classmethod
    def execute(
        cls, model: Any, tune_a_video: str, strength: float = 1.0, norm_over_frames: bool = True
    ) -> io.NodeOutput:
        """Put the file on a clone of the model."""
        # a value that came over a wire is known only now
        check_strength("strength", strength, LOW, HIGH)
        path = folders.existing_path(folders.TUNE_A_VIDEO, tune_a_video, "Tune-A-Video file")
        loaded = crossframe.load_one_shot(path)
        return io.NodeOutput(crossframe.apply_one_shot(model, loaded, strength, norm_over_frames))
