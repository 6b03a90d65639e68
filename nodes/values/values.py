"""Motion Value and Read Motion Value: numbers, lists, curves and masks as one."""

from typing import Any

from comfy_api.latest import io

from ...motion.values import INTERPOLATIONS, LARGEST, LINEAR, CurveError, MotionValue, parse_curve, read_frames
from ..inputs import FRAMES, MOST_FRAMES, MotionValueType, as_mask, as_value, frames_input, side_input, strength_problem

SCALINGS = ("absolute", "relative")


class MakeMotionValue(io.ComfyNode):
    """A number, values over the frames and a mask, multiplied."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        number = {"min": -LARGEST, "max": LARGEST, "step": 0.01}
        return io.Schema(
            node_id="KinemaMotionValue",
            display_name="Motion Value",
            category="Kinema/values",
            description="A strength that changes from frame to frame or from place to place. Connect it to "
            "motion_scale, effect_strength or the strength of a MotionLoRA.",
            search_aliases=["multival", "multival dynamic", "scaled mask", "float list", "curve", "effect", "scale"],
            inputs=[
                io.Float.Input(
                    "value",
                    default=1.0,
                    **number,
                    tooltip="The value; with a mask, the value where it is white.",
                    optional=True,
                ),
                io.String.Input(
                    "frame_values",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="Values over the clip, multiplied with value: frame: value pairs such as 0: 0.0, 8: 1.0, "
                    "or one value for each frame such as 1.0, 0.9, 0.8. The last one holds. A value may be arithmetic "
                    "with t, the frame: 0: (0.5 + 0.1 * sin(t / 5)). Empty: the same at every frame.",
                ),
                io.Combo.Input(
                    "interpolation",
                    options=list(INTERPOLATIONS),
                    default=LINEAR,
                    optional=True,
                    tooltip="How it gets from one pair to the next. hold jumps at each frame named.",
                ),
                io.Float.Input(
                    "value_at_black",
                    default=0.0,
                    **number,
                    advanced=True,
                    optional=True,
                    tooltip="With a mask, the value where it is black.",
                ),
                io.Combo.Input(
                    "mask_scaling",
                    options=list(SCALINGS),
                    default=SCALINGS[0],
                    advanced=True,
                    optional=True,
                    tooltip="relative first stretches the mask so that its darkest place counts as black and its "
                    "brightest as white.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where in the picture: one mask for the whole clip or one for each frame.",
                ),
                MotionValueType.Input(
                    "previous_motion_value", optional=True, tooltip="Another Motion Value to multiply with."
                ),
                last_frame_input(),
            ],
            outputs=[
                MotionValueType.Output(
                    "motion_value",
                    display_name="motion_value",
                    tooltip="For motion_scale, effect_strength, the strength of a MotionLoRA, or a Motion Keyframe.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, value: Any = 1.0, value_at_black: Any = 0.0, frame_values: str | None = "", frames: int | None = 0
    ) -> bool | str:
        """Answer values that cannot work before anything runs."""
        problem = strength_problem("value", value) or strength_problem("value_at_black", value_at_black)
        return problem or frame_values_problem(frame_values, frames) or True

    @classmethod
    def execute(
        cls,
        value: Any = 1.0,
        frame_values: str = "",
        interpolation: str = LINEAR,
        value_at_black: float = 0.0,
        mask_scaling: str = "absolute",
        mask: Any = None,
        previous_motion_value: MotionValue | None = None,
        frames: int = 0,
    ) -> io.NodeOutput:
        """Multiply what is there."""
        made = as_value("value", value)
        if mask is not None:
            # the mask goes from black to the number, so the number is not multiplied once more
            made = MotionValue(curves=made.curves, masks=(as_mask("mask", mask, value_at_black, made.number),))
            if mask_scaling == "relative":
                made = MotionValue(curves=made.curves, masks=(made.masks[0].stretched(),))
        curve = parse_curve(frame_values, interpolation, frames or None)
        if curve is not None:
            made = made * MotionValue(curves=(curve,))
        return io.NodeOutput(made if previous_motion_value is None else made * previous_motion_value)


class ReadMotionValue(io.ComfyNode):
    """The other way round: a Motion Value as masks, numbers and text."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaReadMotionValue",
            display_name="Read Motion Value",
            category="Kinema/values",
            description="Turns a Motion Value into masks, a list of numbers and text, to look at it or to use it in "
            "other nodes.",
            search_aliases=["multival to mask", "motion value to mask", "motion value to float"],
            inputs=[
                MotionValueType.Input("motion_value", tooltip="The Motion Value to read."),
                frames_input("Frames of the clip."),
                side_input("width", "Width of the masks.", default=64, least=1, step=1),
                side_input("height", "Height of the masks.", default=64, least=1, step=1),
                io.Float.Input(
                    "percent",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    advanced=True,
                    optional=True,
                    tooltip="Part of the sampling at which keyframes are read.",
                ),
            ],
            outputs=[
                io.Mask.Output("mask", tooltip="One mask for each frame. Values below 0 and above 1 stay as they are."),
                io.Float.Output("values", is_output_list=True, tooltip="The mean value of each frame."),
                io.String.Output("text", tooltip="The same as text, as frame_values of Motion Value reads it."),
            ],
        )

    @classmethod
    def execute(
        cls, motion_value: MotionValue, frames: int = FRAMES, width: int = 64, height: int = 64, percent: float = 0.0
    ) -> io.NodeOutput:
        """Work out every frame."""
        masks, values = read_frames(motion_value, frames, height, width, percent)
        return io.NodeOutput(masks.contiguous(), values, ", ".join(map(str, values)))


def last_frame_input() -> io.Int.Input:
    """The length of the clip, for those curves that count from its end."""
    return frames_input(
        "Frames of the clip, for frame_values with max_f, its last frame. 0: not known, and not needed without it.",
        default=0,
        least=0,
        advanced=True,
    )


def frame_values_problem(text: str | None, frames: int | None = None) -> str | None:
    """What is wrong with a list or curve, None if nothing is or, before a run, if it is connected.

    Args:
        frames: length of the clip; 0 if nobody says, None if it is connected and so not known yet.
    """
    try:
        parse_curve(text or "", frames=MOST_FRAMES if frames is None else frames or None)
    except CurveError as error:
        return f"frame_values: {error}"
    return None
