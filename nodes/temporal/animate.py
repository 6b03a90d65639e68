"""Animate Model."""

from typing import Any

from comfy_api.latest import io

from ...motion.sampling import SCHEDULES
from ...motion.values import LARGEST
from ..host import animate, files, folders, temporal
from ..inputs import (
    MotionLoraType,
    MotionModelType,
    as_acts,
    as_value,
    check_strength,
    range_inputs,
    range_problem,
    strength_input,
    strength_problem,
)

NO_ADAPTER = "none"


class AnimateModel(io.ComfyNode):
    """MODEL and motion model in, MODEL that samples clips out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaAnimateModel",
            display_name="Animate Model",
            category="Kinema/temporal",
            description="Puts a motion module into an image model. Sample the result with any sampler; the batch size "
            "of the latent is the number of frames.",
            search_aliases=["apply animatediff model", "use evolved sampling", "motion scale"],
            inputs=[
                io.Model.Input("model", tooltip="A Stable Diffusion model, with any LoRAs and patches."),
                MotionModelType.Input("motion_model", tooltip="The motion module, from Load Motion Module."),
                io.Combo.Input(
                    "beta_schedule",
                    options=["auto", "use existing", *SCHEDULES],
                    default="auto",
                    tooltip="The noise schedule. auto takes the one the motion module was trained with; use existing "
                    "keeps what the model has.",
                    optional=True,
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
                io.Combo.Input(
                    "domain_adapter",
                    options=[NO_ADAPTER, *folders.model_names(folders.LORAS)],
                    default=NO_ADAPTER,
                    optional=True,
                    tooltip="The LoRA for the image model that belongs to the motion module: v3_sd15_adapter for v3. "
                    "A file in models/loras.",
                ),
                io.Float.Input(
                    "adapter_strength",
                    default=1.0,
                    min=-LARGEST,
                    max=LARGEST,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="Strength of the domain adapter: 1 is as trained. Lower it if clips look like stock "
                    "footage.",
                ),
                MotionLoraType.Input(
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
        adapter_strength: Any = 1.0,
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return (
            strength_problem("motion_scale", motion_scale, low=0.0)
            or strength_problem("effect_strength", effect_strength, low=0.0)
            or strength_problem("adapter_strength", adapter_strength)
            or range_problem(start_percent, end_percent, would="move")
            or True
        )

    @classmethod
    def fingerprint_inputs(cls, domain_adapter: str | None = None, **_: Any) -> Any:
        """Apply again when the adapter's file is replaced."""
        if domain_adapter is None or domain_adapter == NO_ADAPTER:
            return None
        return files.file_fingerprint(folders.model_path(folders.LORAS, domain_adapter))

    @classmethod
    def execute(
        cls,
        model: Any,
        motion_model: Any,
        beta_schedule: str = "auto",
        motion_scale: Any = 1.0,
        effect_strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        domain_adapter: str = NO_ADAPTER,
        adapter_strength: float = 1.0,
        motion_lora: Any = (),
    ) -> io.NodeOutput:
        """Attach the motion module to a clone of the model."""
        strengths = temporal.Strengths(
            as_value("motion_scale", motion_scale, low=0.0),
            as_acts(effect_strength, start_percent, end_percent, "effect_strength", would="move", low=0.0),
        )
        told = None
        if domain_adapter != NO_ADAPTER:
            check_strength("adapter_strength", adapter_strength)
            path = folders.existing_path(folders.LORAS, domain_adapter, "domain adapter")
            model, told = temporal.apply_adapter(model, path, adapter_strength)
        return io.NodeOutput(animate.animate_model(model, motion_model, strengths, beta_schedule, motion_lora, told))
