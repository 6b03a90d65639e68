"""Load MotionLoRA."""

from typing import Any

from comfy_api.latest import io

from ..host import files, folders, temporal
from ..inputs import (
    MotionLoraType,
    as_acts,
    range_inputs,
    range_problem,
    strength_input,
    strength_problem,
)


class LoadMotionLora(io.ComfyNode):
    """A MotionLoRA file, its strength, and when and where it acts."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadMotionLora",
            display_name="Load MotionLoRA",
            category="Kinema/temporal",
            description="Loads a MotionLoRA: a camera move or another motion that a motion module learns on top.",
            search_aliases=["load animatediff lora", "motion lora", "camera", "zoom", "pan"],
            inputs=[
                io.Combo.Input(
                    "lora",
                    options=folders.model_names(folders.MOTION_LORAS),
                    tooltip="A file in models/animatediff_motion_lora, for example v2_lora_ZoomIn.",
                ),
                strength_input(
                    "strength",
                    "1 is as trained, 0 is off. Below 0 it works the other way round, often not as well. Takes a "
                    "Motion Value or a mask too.",
                ),
                *range_inputs("MotionLoRA"),
                MotionLoraType.Input(
                    "previous_motion_lora",
                    optional=True,
                    tooltip="Other MotionLoRAs to combine with, from Load MotionLoRA.",
                ),
            ],
            outputs=[
                MotionLoraType.Output(
                    "motion_loras",
                    display_name="motion_lora",
                    tooltip="The MotionLoRA, after those that came in, for Animate Model or another Load MotionLoRA.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, strength: Any = 1.0, start_percent: float = 0.0, end_percent: float = 1.0) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength)
        return problem or range_problem(start_percent, end_percent, would="act") or True

    @classmethod
    def fingerprint_inputs(cls, lora: str | None = None, **_: Any) -> Any:
        """Load again when the file on disk is replaced."""
        return files.file_fingerprint(lora and folders.model_path(folders.MOTION_LORAS, lora))

    @classmethod
    def execute(
        cls,
        lora: str,
        strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        previous_motion_lora: Any = (),
    ) -> io.NodeOutput:
        """Load the file, unless it still is in memory, and add it to the chain."""
        acts = as_acts(strength, start_percent, end_percent)
        path = folders.existing_path(folders.MOTION_LORAS, lora, "MotionLoRA")
        return io.NodeOutput((*previous_motion_lora, temporal.MotionLora(temporal.LoraWeights.load(path), acts)))
