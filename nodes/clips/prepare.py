"""Prepare Clips."""

from typing import Any

from comfy_api.latest import io, ui

from ..host.clips import HELD_OUT, Clips, cache_stamp, prepare_training
from ..inputs import ClipsType, TrainingClipsType


class PrepareClips(io.ComfyNode):
    """Clips in, what a training reads out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaPrepareClips",
            display_name="Prepare Clips",
            category="Kinema/clips",
            description="Encodes clips and their captions onto the disk, so that a training does not have to. What is "
            "there is not made again.",
            search_aliases=[
                *("make training dataset", "save training dataset", "cache latents", "encode dataset", "vae encode"),
                *("training data", "latent cache", "prepare dataset", "resolution bucket"),
            ],
            is_output_node=True,
            inputs=[
                ClipsType.Input("clips", tooltip="From Load Clips, Clips From List or Camera Motion Clips."),
                io.Vae.Input("vae", tooltip="The VAE of the checkpoint that is trained with."),
                io.Clip.Input("clip", tooltip="The text encoder of the checkpoint that is trained with."),
                io.Float.Input(
                    "held_out",
                    default=HELD_OUT,
                    min=0.0,
                    max=0.9,
                    step=0.01,
                    optional=True,
                    tooltip="Part of the clips that is not learnt, to see how well what was learnt carries over. 0 "
                    "holds none out.",
                ),
            ],
            outputs=[
                TrainingClipsType.Output("training_clips", tooltip="For a node that trains."),
                io.String.Output("report", tooltip="What is prepared, what was left out and why, and where it is."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, **_: object) -> str | None:
        """Prepare again when the folder of what is prepared was deleted."""
        return cache_stamp()

    @classmethod
    def execute(cls, clips: Clips, vae: Any, clip: Any, held_out: float = HELD_OUT) -> io.NodeOutput:
        """Encode what is not there yet."""
        prepared = prepare_training(clips, vae, clip, held_out)
        return io.NodeOutput(prepared, prepared.about, ui=ui.PreviewText(prepared.about))
