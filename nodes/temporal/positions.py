"""Adjust Positions."""

from dataclasses import asdict

from comfy_api.latest import io

from ...motion.temporal import PositionAdjustment
from ..host.temporal import LoadedMotion
from ..inputs import MotionModelType


class AdjustPositions(io.ComfyNode):
    """The same motion module with its position tables stretched, shifted or capped."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""

        def rows(id: str, tooltip: str) -> io.Int.Input:
            return io.Int.Input(id, default=0, min=0, max=4096, optional=True, tooltip=tooltip)

        return io.Schema(
            node_id="KinemaAdjustPositions",
            display_name="Adjust Positions",
            category="Kinema/temporal",
            description="Changes how a motion module numbers the frames, to slow motion down or to sample more frames "
            "at once than it was trained on.",
            search_aliases=["adjust pe", "position encoding", "sweetspot", "pe stretch", "slow motion"],
            inputs=[
                MotionModelType.Input("motion_model", tooltip="The motion module, from Load Motion Module."),
                rows("stretch", "Spreads the positions over so many more: motion gets slower. 0 leaves them."),
                rows("skip_first", "Drops so many positions at the start. 0 drops none."),
                rows("cap", "Keeps so many positions, for example the 16 it was trained on. 0 keeps all."),
                rows(
                    "interpolate_to",
                    "Spreads what is left over so many positions. With cap 16, 24 lets 24 frames share the 16 trained "
                    'positions ("sweetspot"). 0 leaves them.',
                ),
                rows("skip_after", "Drops so many of the resulting positions at the start. 0 drops none."),
            ],
            outputs=[
                MotionModelType.Output(
                    "adjusted",
                    display_name="motion_model",
                    tooltip="The motion module with adjusted positions; the one that came in stays as it is.",
                ),
            ],
        )

    @classmethod
    def execute(cls, motion_model: LoadedMotion, **settings: int) -> io.NodeOutput:
        """Adjust; the settings are the fields of a `PositionAdjustment`, in that order."""
        adjustment = PositionAdjustment(**settings)
        return io.NodeOutput(motion_model.adjusted(adjustment) if any(asdict(adjustment).values()) else motion_model)
