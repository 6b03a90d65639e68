"""Load MotionLoRA."""

from typing import Any

from comfy_api.latest import io

from ..motion.curves import CurveError, parse_curve
from ..motion.strengths import Varying
from .host import folders, loader
from .host import lora as loading
from .percents import range_inputs, range_problem
from .types import MotionLora


class LoadMotionLora(io.ComfyNode):
    """A MotionLoRA file, its strength, and when and where it acts."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadMotionLora",
            display_name="Load MotionLoRA",
            category="Kinema",
            description="Loads a MotionLoRA: a camera move or another motion that a motion module learns on top.",
            search_aliases=["animatediff lora", "load animatediff lora", "motion lora", "camera", "zoom", "pan"],
            inputs=[
                io.Combo.Input(
                    "lora",
                    options=folders.model_names(folders.MOTION_LORAS),
                    tooltip="A file in models/animatediff_motion_lora, for example v2_lora_ZoomIn.",
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=-10.0,
                    max=10.0,
                    step=0.01,
                    tooltip="1 is as trained, 0 is off. Below 0 it works the other way round, often not as well.",
                ),
                *range_inputs("MotionLoRA"),
                io.String.Input(
                    "frame_strengths",
                    default="",
                    advanced=True,
                    tooltip="Strength over the clip as frame: strength pairs, for example 0: 0.0, 8: 1.0, 15: 0.2. "
                    "Linear in between, the last value holds; strength multiplies it. Empty: the same at every frame.",
                ),
                MotionLora.Input(
                    "motion_lora", optional=True, tooltip="Other MotionLoRAs to combine with, from Load MotionLoRA."
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where in the picture it acts: one mask for the clip or one for each frame.",
                ),
            ],
            outputs=[
                MotionLora.Output(
                    "motion_loras",
                    display_name="motion_lora",
                    tooltip="The MotionLoRA, after those that came in, for Animate Model or another Load MotionLoRA.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, strength: float = 1.0, start_percent: float = 0.0, end_percent: float = 1.0, frame_strengths: str = ""
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        return _problem(strength, start_percent, end_percent, frame_strengths) or True

    @classmethod
    def fingerprint_inputs(cls, lora: str | None = None, **_: Any) -> Any:
        """Load again when the file on disk is replaced."""
        return loader.file_fingerprint(lora and folders.model_path(folders.MOTION_LORAS, lora))

    @classmethod
    def execute(
        cls,
        lora: str,
        strength: float,
        start_percent: float,
        end_percent: float,
        frame_strengths: str = "",
        motion_lora: Any = (),
        mask: Any = None,
    ) -> io.NodeOutput:
        """Load the file, unless it still is in memory, and add it to the chain."""
        problem = _problem(strength, start_percent, end_percent, frame_strengths)
        if problem is not None:
            # a value that came over a wire is known only now
            raise ValueError(problem)
        path = folders.model_path(folders.MOTION_LORAS, lora)
        if path is None:
            raise FileNotFoundError(
                f"The MotionLoRA {lora} is gone. Put it back into {folders.model_folder(folders.MOTION_LORAS)} and "
                "refresh the node list (R)."
            )
        if mask is not None:
            mask = mask.reshape(-1, *mask.shape[-2:])
            if 0 in mask.shape:
                raise ValueError("The mask is empty: it has no frames or no pixels. Connect another one, or none.")
        varying = Varying(strength, parse_curve(frame_strengths), mask)
        entry = loading.MotionLora(loading.load_lora(path), varying, start_percent, end_percent)
        return io.NodeOutput((*motion_lora, entry))


def _problem(strength: float, start_percent: float, end_percent: float, frame_strengths: str) -> str | None:
    """What is wrong with the settings, None if nothing is."""
    if not -10.0 <= strength <= 10.0:
        return f"strength is {strength}; it must be between -10 and 10."
    problem = range_problem(start_percent, end_percent, would="act")
    if problem is not None:
        return problem
    try:
        parse_curve(frame_strengths)
    except CurveError as error:
        return f"frame_strengths: {error}"
    return None
