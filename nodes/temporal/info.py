"""Motion Model Info."""

from typing import Any

from comfy_api.latest import io, ui

from ...motion.temporal import describe
from ..inputs import MotionModelType


class MotionModelInfo(io.ComfyNode):
    """Motion model in, a text about it out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaMotionModelInfo",
            display_name="Motion Model Info",
            category="Kinema/temporal",
            description="Shows what a motion module is: its version, the image model it needs, how many frames it can "
            "number, the noise schedule it was trained with, and what to mind.",
            search_aliases=[
                "show animatediff info",
                "inspect motion model",
                "motion module version",
                "show",
                "details",
            ],
            is_output_node=True,
            inputs=[
                MotionModelType.Input("motion_model", tooltip="The motion module, from Load Motion Module."),
            ],
            outputs=[
                io.String.Output("text", display_name="text", tooltip="What the node shows, line by line."),
            ],
        )

    @classmethod
    def execute(cls, motion_model: Any) -> io.NodeOutput:
        """Write the text."""
        text = describe(motion_model.model, motion_model.file, motion_model.given)
        return io.NodeOutput(text, ui=ui.PreviewText(text))
