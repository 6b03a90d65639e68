"""Motion Keyframe."""

from comfy_api.latest import io

from ...motion.values import ONE, Keyframe, Keyframes, MotionValue, parse_curve
from ..inputs import MotionValueType, percent_problem
from .values import frame_values_problem, last_frame_input


class MotionKeyframe(io.ComfyNode):
    """A Motion Value that takes another value from some part of the sampling on."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaMotionKeyframe",
            display_name="Motion Keyframe",
            category="Kinema/values",
            description="Changes a Motion Value during the sampling: from start_percent on it has this value. Connect "
            "several one after the other.",
            search_aliases=["ade animatediff keyframe", "ad keyframe", "timestep keyframe", "schedule strength"],
            inputs=[
                io.Float.Input(
                    "start_percent",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    tooltip="Part of the sampling from which on the value holds. Before the first keyframe it is 1.",
                    optional=True,
                ),
                io.String.Input(
                    "frame_values",
                    default="",
                    optional=True,
                    tooltip="The value, such as 0.8, or values over the frames as in Motion Value. Empty: only what "
                    "is connected to motion_value, else see inherit_missing.",
                ),
                io.Int.Input(
                    "guarantee_steps",
                    default=1,
                    min=0,
                    max=10_000,
                    advanced=True,
                    optional=True,
                    tooltip="Steps for which it acts at least, even if the next keyframe is due. Counts for keyframes "
                    "that start during the sampling, not before its first step.",
                ),
                io.Boolean.Input(
                    "inherit_missing",
                    default=True,
                    advanced=True,
                    optional=True,
                    tooltip="Without a value of its own it goes on with that of the keyframe before; off: 1.",
                ),
                MotionValueType.Input("motion_value", optional=True, tooltip="The value, from Motion Value."),
                MotionValueType.Input(
                    "previous_motion_value",
                    optional=True,
                    tooltip="Earlier keyframes to add to, or a Motion Value that multiplies all of them.",
                ),
                last_frame_input(),
            ],
            outputs=[
                MotionValueType.Output(
                    "keyframes",
                    display_name="motion_value",
                    tooltip="For motion_scale, effect_strength, the strength of a MotionLoRA, or the next Motion "
                    "Keyframe.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, start_percent: float | None = 0.0, frame_values: str | None = "", frames: int | None = 0
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return percent_problem("start_percent", start_percent) or frame_values_problem(frame_values, frames) or True

    @classmethod
    def execute(
        cls,
        start_percent: float = 0.0,
        frame_values: str = "",
        guarantee_steps: int = 1,
        inherit_missing: bool = True,
        motion_value: MotionValue | None = None,
        previous_motion_value: MotionValue | None = None,
        frames: int = 0,
    ) -> io.NodeOutput:
        """Add the keyframe to those before."""
        curve = parse_curve(frame_values, frames=frames or None)
        if curve is not None:
            motion_value = (motion_value or ONE) * MotionValue(curves=(curve,))
        key = Keyframe(start_percent, motion_value, guarantee_steps, inherit_missing)
        *others, last = (previous_motion_value or ONE).keyframes or (Keyframes(()),)
        return io.NodeOutput((previous_motion_value or ONE).with_keyframes((*others, last.plus(key))))
