"""Context Reference and Naive Reuse: windows of a long clip that agree with one another."""

from typing import Any

from comfy_api.latest import io

from ...motion.windows import MODES, WAYS, ReferenceOptions, WindowReferenceError, parse_frames
from ..host import windows
from ..inputs import (
    as_acts,
    percent_problem,
    range_inputs,
    range_problem,
    strength_input,
    strength_problem,
)


class MakeContextReference(io.ComfyNode):
    """MODEL in, MODEL out whose context windows see a reference window."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaContextReference",
            display_name="Context Reference",
            category="Kinema/windows",
            description="Shows the layers of the image model a reference window beside the window that is sampled, so "
            "that subjects and colours stay the same through a long clip. Goes with Sliding Context.",
            search_aliases=["context extras", "contextref", "reference only", "cross-window reference", "consistency"],
            inputs=[
                io.Model.Input("model", tooltip="The model, before or after Animate Model and Sliding Context."),
                strength_input(
                    "strength",
                    "How much of the reference window is seen. Takes a Motion Value or a mask too.",
                    low=0.0,
                    high=1.0,
                ),
                io.Combo.Input(
                    "mode",
                    options=list(MODES),
                    default="first",
                    optional=True,
                    tooltip="Which window is the reference. first: the first window of a step, for all others. "
                    "sliding: a window near by, before it. indexes: windows that hold frames of a list.",
                ),
                io.Combo.Input(
                    "by",
                    options=list(WAYS),
                    default="attention",
                    optional=True,
                    tooltip="attention: self-attention looks at the reference window too. adain: contrast and mean of "
                    "each feature follow it, which is cheap and carries colours and light.",
                ),
                io.Float.Input(
                    "style_fidelity",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    tooltip="How much of plain sampling the negative prompt keeps. 1 shows it no reference at all, so "
                    "that guidance strengthens the reference; 0 shows it the same as the prompt.",
                ),
                io.Float.Input(
                    "reference_weight",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    advanced=True,
                    optional=True,
                    tooltip="Part of the layers that see the reference, the widest ones first. Lower keeps to the "
                    "coarse layout.",
                ),
                io.Int.Input(
                    "sliding_width",
                    default=2,
                    min=2,
                    max=1024,
                    advanced=True,
                    optional=True,
                    tooltip="For sliding: windows that share a reference, itself counted. With 2 each window sees the "
                    "one before.",
                ),
                io.String.Input(
                    "indexes",
                    default="",
                    advanced=True,
                    optional=True,
                    tooltip="For indexes: numbers of frames from 0, with commas between them. A window that holds one "
                    "is the reference from then on.",
                ),
                *range_inputs("reference", end=0.25),
                io.Boolean.Input(
                    "keep_in_main_memory",
                    default=False,
                    advanced=True,
                    optional=True,
                    tooltip="Keep what the reference window leaves in main memory. Slower; for when the memory of the "
                    "graphics card is short.",
                ),
            ],
            outputs=[
                io.Model.Output(
                    "referring",
                    display_name="model",
                    tooltip="The model for any sampler. Of several Context References in a row, the latest acts that "
                    "is in its part of the sampling.",
                )
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        strength: Any = 1.0,
        mode: str | None = "first",
        indexes: str | None = "",
        start_percent: float | None = 0.0,
        end_percent: float | None = 0.25,
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength, 0.0, 1.0)
        problem = problem or range_problem(start_percent, end_percent, would="act")
        if problem is not None or mode is None or indexes is None:
            return problem or True
        try:
            ReferenceOptions(mode, frames=parse_frames(indexes) if mode == "indexes" else ())
        except WindowReferenceError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        model: Any,
        strength: Any = 1.0,
        mode: str = "first",
        by: str = "attention",
        style_fidelity: float = 1.0,
        reference_weight: float = 1.0,
        sliding_width: int = 2,
        indexes: str = "",
        start_percent: float = 0.0,
        end_percent: float = 0.25,
        keep_in_main_memory: bool = False,
    ) -> io.NodeOutput:
        """Put the reference on a clone of the model."""
        frames = parse_frames(indexes) if mode == "indexes" else ()
        seen = windows.ContextReference(
            ReferenceOptions(mode, sliding_width, frames, by, style_fidelity, reference_weight),
            acts=as_acts(strength, start_percent, end_percent, low=0.0, high=1.0),
            on_cpu=keep_in_main_memory,
        )
        return io.NodeOutput(windows.refer(model, seen))


class MakeNaiveReuse(io.ComfyNode):
    """MODEL in, MODEL out whose windows take over what the first one predicts."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaNaiveReuse",
            display_name="Naive Reuse",
            category="Kinema/windows",
            description="At the beginning of the sampling every stretch of a long clip takes over what the first "
            "window predicts, so that all of them begin with the same picture. Goes with Sliding Context.",
            search_aliases=["context extras", "naivereuse", "consistency", "reuse first window"],
            inputs=[
                io.Model.Input("model", tooltip="The model, before or after Animate Model and Sliding Context."),
                strength_input(
                    "strength",
                    "Multiplies weighted_mean. Takes a Motion Value or a mask too.",
                    low=0.0,
                    high=1.0,
                ),
                io.Float.Input(
                    "weighted_mean",
                    default=0.95,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    optional=True,
                    tooltip="How much of the first window's prediction goes into the others. 1 replaces them.",
                ),
                *range_inputs("reuse", end=0.15),
            ],
            outputs=[
                io.Model.Output(
                    "reusing",
                    display_name="model",
                    tooltip="The model for any sampler. Several Naive Reuses in a row act one after another.",
                )
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        weighted_mean: float | None = 0.95,
        strength: Any = 1.0,
        start_percent: float | None = 0.0,
        end_percent: float | None = 0.15,
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength, 0.0, 1.0) or percent_problem("weighted_mean", weighted_mean)
        return problem or range_problem(start_percent, end_percent, would="act") or True

    @classmethod
    def execute(
        cls,
        model: Any,
        strength: Any = 1.0,
        weighted_mean: float = 0.95,
        start_percent: float = 0.0,
        end_percent: float = 0.15,
    ) -> io.NodeOutput:
        """Put the reuse on a clone of the model."""
        acts = as_acts(strength, start_percent, end_percent, low=0.0, high=1.0)
        return io.NodeOutput(windows.repeat(model, windows.NaiveReuse(weighted_mean, acts)))
