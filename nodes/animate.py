"""Animate Model."""

from typing import Any

from comfy_api.latest import io

from ..motion.schedules import SCHEDULES
from .host import animate, runtime
from .percents import check_range, range_inputs, range_problem
from .strengths import as_value, strength_input, strength_problem
from .types import MotionLora, MotionModel


class AnimateModel(io.ComfyNode):
    """MODEL and motion model in, MODEL that samples clips out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaAnimateModel",
            display_name="Animate Model",
            category="Kinema",
            description="Puts a motion module into an image model. Sample the result with any sampler; the batch size "
            "of the latent is the number of frames.",
            search_aliases=["animatediff", "animatediff loader", "use evolved sampling", "apply animatediff model"],
            inputs=[
                io.Model.Input("model", tooltip="A Stable Diffusion model, with any LoRAs and patches."),
                MotionModel.Input("motion_model", tooltip="The motion module, from Load Motion Module."),
                io.Combo.Input(
                    "beta_schedule",
                    options=["auto", "use existing", *SCHEDULES],
                    default="auto",
                    tooltip="The noise schedule. auto takes the one the motion module was trained with; use existing "
                    "keeps what the model has.",
                ),
                strength_input(
                    "motion_scale",
                    "Multiplies the attention between frames. Above 1 gives more motion, below 1 less. 1 is as "
                    "trained. Takes a Motion Value or a mask too.",
                    low=0.0,
                ),
                strength_input(
                    "effect_strength",
                    "Blends the temporal layers in: 0 is the plain image model, 1 is as trained. Takes a Motion Value "
                    "or a mask too.",
                    low=0.0,
                ),
                *range_inputs("motion module"),
                MotionLora.Input(
                    "motion_lora",
                    optional=True,
                    tooltip="One or several MotionLoRAs, from Load MotionLoRA: learned camera moves and motions.",
                ),
            ],
            outputs=[
                io.Model.Output(
                    "animated",
                    display_name="model",
                    tooltip="The model with temporal layers. Chain another Animate Model to combine motion modules.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        motion_scale: Any = 1.0,
        effect_strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return (
            strength_problem("motion_scale", motion_scale, low=0.0)
            or strength_problem("effect_strength", effect_strength, low=0.0)
            or range_problem(start_percent, end_percent, would="move")
            or True
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        motion_model: Any,
        beta_schedule: str,
        motion_scale: Any,
        effect_strength: Any,
        start_percent: float,
        end_percent: float,
        motion_lora: Any = (),
    ) -> io.NodeOutput:
        """Attach the motion module to a clone of the model."""
        check_range(start_percent, end_percent, would="move")
        strengths = runtime.Strengths(
            as_value("motion_scale", motion_scale, low=0.0),
            as_value("effect_strength", effect_strength, low=0.0),
            start_percent,
            end_percent,
        )
        return io.NodeOutput(animate.animate(model, motion_model, strengths, beta_schedule, motion_lora))
