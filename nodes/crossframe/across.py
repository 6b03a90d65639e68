"""Cross-Frame Attention."""

from typing import Any

from comfy_api.latest import io

from ..host import crossframe
from ..inputs import check_strength, strength_problem

LOW, HIGH = 0.0, 1.0
FIRST, BOTH = "first frame", "first and previous frame"


class CrossFrameAttention(io.ComfyNode):
    """An image model in, one whose frames all look at the first one out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaCrossFrameAttention",
            display_name="Cross-Frame Attention",
            category="Kinema/crossframe",
            description="Lets every frame look at the first one instead of itself, so that subject and background stay "
            "the same through a clip of a plain image model.",
            search_aliases=[
                "text2video-zero",
                "text2video zero",
                "text to video zero",
                "zero-shot video",
                "cross frame attention",
                "consistent frames",
            ],
            inputs=[
                io.Model.Input("model", tooltip="An SD1.5 or SDXL checkpoint, with any LoRAs and patches."),
                io.Combo.Input(
                    "reads",
                    options=[FIRST, BOTH],
                    default=FIRST,
                    tooltip="What a frame looks at instead of itself. The first frame alone is as the authors have it; "
                    "the previous one besides follows larger changes and takes longer.",
                    optional=True,
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=LOW,
                    max=HIGH,
                    step=0.01,
                    tooltip="How much of the self-attention comes from those frames; the rest is the frame's own. At 0 "
                    "the model is as before.",
                    optional=True,
                ),
            ],
            outputs=[
                io.Model.Output(
                    "crossed",
                    display_name="model",
                    tooltip="The model for Latent Motion and for a sampler. Frames are the batch of the latent.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, strength: float = 1.0) -> bool | str:
        """Answer a strength that cannot work before anything runs."""
        return strength_problem("strength", strength, LOW, HIGH) or True

    @classmethod
    def execute(cls, model: Any, reads: str = FIRST, strength: float = 1.0) -> io.NodeOutput:
        """Put it on a clone of the model."""
        # a value that came over a wire is known only now
        check_strength("strength", strength, LOW, HIGH)
        return io.NodeOutput(crossframe.read_across(model, crossframe.CrossFrame(reads == BOTH, strength)))
