"""Sliding Context, Motion Views and Context Preview: clips longer than a motion module sees at once."""

from typing import Any

from comfy_api.latest import io

from ...motion.windows import FUSES, SCHEDULES, WindowError, WindowOptions, draw_plan
from ..host import windows
from ..inputs import MOST_FRAMES, frames_input, percent_problem


def window_inputs() -> list[io.Input]:
    """How a clip is cut into windows, for the windows of a sampling and those inside the motion layers."""
    return [
        io.Combo.Input(
            "context_schedule",
            options=list(SCHEDULES),
            default="standard_uniform",
            tooltip="standard_static: the same windows at every step. standard_uniform: they move from step to step. "
            "looped_uniform: they also run over the end into the beginning. looped_static: so too, but the same at "
            "every step, as Animate Anyone has it. batched: side by side without overlap.",
            optional=True,
        ),
        frames_input("Frames in a window. Take what the motion module was trained on, mostly 16.", "context_length"),
        frames_input(
            "Frames that neighbouring windows share. More gives smoother transitions and takes longer.",
            "context_overlap",
            default=4,
            least=0,
            most=MOST_FRAMES - 1,
        ),
        io.Combo.Input(
            "fuse_method",
            options=list(FUSES),
            default="pyramid",
            tooltip="What counts where windows overlap: pyramid, the middle of a window most; flat, all the same; "
            "relative, like pyramid but finer; overlap-linear, a ramp over the overlap.",
            optional=True,
        ),
        io.Int.Input(
            "context_stride",
            default=1,
            min=1,
            max=100,
            advanced=True,
            optional=True,
            tooltip="The uniform schedules add windows of every 2nd, 4th, ... frame up to this many sizes, which "
            "ties distant frames together. 1 adds none.",
        ),
        io.Boolean.Input(
            "closed_loop",
            default=False,
            optional=True,
            tooltip="With the looped schedules the last frame leads into the first: the clip loops without a jump.",
        ),
        io.Boolean.Input(
            "use_on_equal_length",
            default=False,
            advanced=True,
            optional=True,
            tooltip="Use windows for a clip of exactly one window too. Makes a difference to looped_uniform.",
        ),
    ]


FIELDS = {
    "context_schedule": "schedule",
    "context_length": "length",
    "context_overlap": "overlap",
    "context_stride": "stride",
    "closed_loop": "closed_loop",
    "fuse_method": "fuse",
    "use_on_equal_length": "use_on_equal_length",
}
"""What `WindowOptions` calls each of the inputs."""


def window_options(settings: dict[str, Any]) -> WindowOptions:
    """What `window_inputs` were set to.

    Raises:
        WindowError: settings that leave no window, or windows that never move on.
    """
    return WindowOptions(**{FIELDS[name]: value for name, value in settings.items()})


def window_problem(length: int | None, overlap: int | None, stride: int | None) -> str | None:
    """What is wrong with windows, None if nothing is or, before a run, if a number is connected."""
    if length is None or overlap is None or stride is None:
        return None
    try:
        WindowOptions(length=length, overlap=overlap, stride=stride)
    except WindowError as error:
        return str(error)
    return None


class SlidingContext(io.ComfyNode):
    """MODEL in, MODEL out that samples clips of any length window by window."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaSlidingContext",
            display_name="Sliding Context",
            category="Kinema/windows",
            description="Samples clips of any length in overlapping windows. ControlNets, prompts and masks of each "
            "frame follow. Connect one after another to change the windows during the sampling.",
            search_aliases=["context options", "uniform context options", "context windows", "long clip", "loop"],
            inputs=[
                io.Model.Input("model", tooltip="The model, from Animate Model or before it."),
                *window_inputs(),
                io.Float.Input(
                    "start_percent",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    advanced=True,
                    optional=True,
                    tooltip="Part of the sampling from which on these windows hold, after another Sliding Context.",
                ),
                io.Int.Input(
                    "guarantee_steps",
                    default=1,
                    min=0,
                    max=10_000,
                    advanced=True,
                    optional=True,
                    tooltip="Steps for which these windows hold at least, even if those of the next are due.",
                ),
                io.Int.Input(
                    "windows_per_call",
                    default=0,
                    min=0,
                    max=1024,
                    advanced=True,
                    optional=True,
                    tooltip="Windows sampled together: faster, and more memory. The result is the same. 0 takes as "
                    "many as fit into free memory.",
                ),
            ],
            outputs=[
                io.Model.Output(
                    "slid", display_name="model", tooltip="The model for any sampler; clips may have any length."
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        context_length: int | None = 16,
        context_overlap: int | None = 4,
        context_stride: int | None = 1,
        start_percent: float | None = 0.0,
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = window_problem(context_length, context_overlap, context_stride)
        return problem or percent_problem("start_percent", start_percent) or True

    @classmethod
    def execute(
        cls,
        model: Any,
        start_percent: float = 0.0,
        guarantee_steps: int = 1,
        windows_per_call: int = 0,
        **settings: Any,
    ) -> io.NodeOutput:
        """Put the windows on a clone of the model."""
        stage = windows.Stage(window_options(settings), start_percent, guarantee_steps)
        return io.NodeOutput(windows.slide(model, stage, windows_per_call))


class MotionViews(io.ComfyNode):
    """MODEL in, MODEL out whose motion layers see a clip in windows while the image model sees all of it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaMotionViews",
            display_name="Motion Views",
            category="Kinema/windows",
            description="Cuts the clip into windows inside the motion layers only. Faster than Sliding Context, and "
            "the whole clip has to fit into memory.",
            search_aliases=["view options", "view as context", "views only"],
            inputs=[
                io.Model.Input("model", tooltip="The model, from Animate Model or before it."),
                *window_inputs(),
            ],
            outputs=[
                io.Model.Output(
                    "viewed", display_name="model", tooltip="The model for any sampler, or for Sliding Context."
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, context_length: int | None = 16, context_overlap: int | None = 4, context_stride: int | None = 1
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return window_problem(context_length, context_overlap, context_stride) or True

    @classmethod
    def execute(cls, model: Any, **settings: Any) -> io.NodeOutput:
        """Put the views on a clone of the model."""
        return io.NodeOutput(windows.view(model, window_options(settings)))


class ContextPreview(io.ComfyNode):
    """The windows of a model as a picture."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaContextPreview",
            display_name="Context Preview",
            category="Kinema/windows",
            description="Draws the windows of a clip: frames from left to right, one row for each window, steps from "
            "top to bottom. The brighter, the more a window counts at that frame.",
            search_aliases=["context visualizer", "visualize context options", "context plan"],
            inputs=[
                io.Model.Input("model", tooltip="A model from Sliding Context."),
                frames_input("Frames of the clip.", default=32),
                io.Int.Input("steps", default=8, min=1, max=200, tooltip="Sampling steps to draw.", optional=True),
            ],
            outputs=[
                io.Image.Output("picture", display_name="image", tooltip="The plan, for Preview Image or Save Image."),
            ],
        )

    @classmethod
    def execute(cls, model: Any, frames: int = 32, steps: int = 8) -> io.NodeOutput:
        """Plan every step and draw it."""
        return io.NodeOutput(draw_plan(frames, windows.plans(model, frames, steps)))
