"""Control Over Time."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from comfy_api.latest import io

from ...motion.control import SOFT, ProfileError, custom_weights, parse_weights, soft_weights
from ..host import control
from ..inputs import as_acts, range_inputs, range_problem, strength_input, strength_problem

PROFILES = ("even", "soft", "custom")


class ControlOverTime(io.ComfyNode):
    """Conditionings with a ControlNet in, the same with its strength changing out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaControlOverTime",
            display_name="Control Over Time",
            category="Kinema/control",
            description="Lets the strength of a ControlNet or T2I-Adapter differ from frame to frame, in the picture, "
            "during the sampling and from layer to layer. Connect it after Apply ControlNet.",
            search_aliases=[
                "advanced controlnet",
                "latent keyframe",
                "timestep keyframe",
                "soft weights",
                "controlnet strength schedule",
            ],
            inputs=[
                io.Conditioning.Input(
                    "positive", tooltip="From Apply ControlNet. The latest ControlNet on it follows."
                ),
                io.Conditioning.Input(
                    "negative", optional=True, tooltip="The negative one, from the same Apply ControlNet."
                ),
                strength_input(
                    "strength",
                    "Multiplies the strength set in Apply ControlNet. Takes a Motion Value or a mask too.",
                ),
                *range_inputs("ControlNet"),
                io.Combo.Input(
                    "layer_weights",
                    options=list(PROFILES),
                    default=PROFILES[0],
                    optional=True,
                    tooltip="soft lets shallow layers, which fix details, count less, so that the prompt has more to "
                    "say. custom takes custom_weights.",
                ),
                io.Float.Input(
                    "soft_base",
                    default=SOFT,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    advanced=True,
                    optional=True,
                    tooltip="For soft: each layer counts so much of the next deeper one.",
                ),
                io.String.Input(
                    "custom_weights",
                    default="",
                    advanced=True,
                    optional=True,
                    tooltip="For custom: a weight for each output from the shallowest to the middle, with commas "
                    "between them; 13 for SD1.5, 10 for SDXL. The last one goes on.",
                ),
                io.Float.Input(
                    "negative_strength",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    advanced=True,
                    optional=True,
                    tooltip="How much of it the negative prompt gets. 0 makes the ControlNet more important.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(
                    "timed_positive", display_name="positive", tooltip="For the sampler or the next Apply ControlNet."
                ),
                io.Conditioning.Output(
                    "timed_negative", display_name="negative", tooltip="The negative one, empty if none came in."
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        strength: Any = 1.0,
        start_percent: float | None = 0.0,
        end_percent: float | None = 1.0,
        layer_weights: str | None = "even",
        custom_weights: str | None = "",
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength) or range_problem(start_percent, end_percent, would="act")
        return problem or _weights_problem(layer_weights, custom_weights) or True

    @classmethod
    def execute(
        cls,
        positive: list[Any],
        strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        negative: list[Any] | None = None,
        layer_weights: str = "even",
        soft_base: float = SOFT,
        custom_weights: str = "",
        negative_strength: float = 1.0,
    ) -> io.NodeOutput:
        """Put the strength on copies."""
        problem = _weights_problem(layer_weights, custom_weights)
        if problem is not None:
            raise ValueError(problem)
        how = control.ControlStrength(
            as_acts(strength, start_percent, end_percent),
            _profile(layer_weights, soft_base, custom_weights),
            negative_strength,
        )
        return io.NodeOutput(*control.time_controls([positive, negative or []], how))


def _profile(layer_weights: str, base: float, text: str) -> Callable[[int], Sequence[float]] | None:
    if layer_weights == "soft":
        return partial(soft_weights, base=base)
    return partial(custom_weights, weights=parse_weights(text)) if layer_weights == "custom" else None


def _weights_problem(layer_weights: str | None, text: str | None) -> str | None:
    """What is wrong with custom weights, None if nothing is or, before a run, if they are connected."""
    if layer_weights != "custom" or text is None:
        return None
    try:
        weights = parse_weights(text)
    except ProfileError as error:
        return f"custom_weights: {error}"
    return None if weights else "custom_weights is empty. Write one weight for each output, or choose soft."
