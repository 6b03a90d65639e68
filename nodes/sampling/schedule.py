"""Beta Schedule."""

from typing import Any

from comfy_api.latest import io

from ...motion.sampling import SCHEDULES
from ..host import sampling

USUAL = "sqrt_linear (AnimateDiff)"


class BetaSchedule(io.ComfyNode):
    """MODEL in, MODEL with another noise schedule out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaBetaSchedule",
            display_name="Beta Schedule",
            category="Kinema/sampling",
            description="Gives a model another noise schedule, such as the one AnimateDiff was trained with, without a "
            "motion module.",
            search_aliases=[
                "load checkpoint with noise select",
                "noise select",
                "sigma schedule",
                "use evolved sampling",
                "model sampling",
            ],
            inputs=[
                io.Model.Input("model", tooltip="An SD1.5 or SDXL model, with any LoRAs and patches."),
                io.Combo.Input(
                    "beta_schedule",
                    options=list(SCHEDULES),
                    default=USUAL,
                    tooltip="The noise schedule, by the names that Animate Model has too. The lcm entries also turn "
                    "the model into an LCM.",
                    optional=True,
                ),
            ],
            outputs=[
                io.Model.Output(
                    "scheduled",
                    display_name="model",
                    tooltip="The model with this schedule, for a sampler, or for Animate Model with beta_schedule at "
                    "use existing.",
                )
            ],
        )

    @classmethod
    def execute(cls, model: Any, beta_schedule: str = USUAL) -> io.NodeOutput:
        """Patch the schedule onto a clone of the model."""
        scheduled = model.clone()
        sampling.set_beta_schedule(scheduled, beta_schedule)
        return io.NodeOutput(scheduled)
