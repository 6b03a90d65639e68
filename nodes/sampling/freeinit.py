"""FreeInit."""

from typing import Any

from comfy_api.latest import io

from ...motion.sampling import FILTERS, MOST_ITERATIONS, FreeInitError, FreeInitOptions
from ..host import sampling


class FreeInit(io.ComfyNode):
    """MODEL in, MODEL that samples several times, each time from better noise, out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaFreeInit",
            display_name="FreeInit",
            category="Kinema/sampling",
            description="Samples a clip several times, each time from noise that keeps the coarse layout of the clip "
            "before: frames agree better. Takes as many times longer.",
            search_aliases=["iteration options", "free init", "temporal consistency", "noise reinitialization"],
            inputs=[
                io.Model.Input("model", tooltip="The model, before or after Animate Model."),
                io.Int.Input(
                    "iterations",
                    default=3,
                    min=1,
                    max=MOST_ITERATIONS,
                    tooltip="Samplings in all. 1 is plain sampling; 3 to 5 are usual.",
                    optional=True,
                ),
                io.Combo.Input(
                    "filter",
                    options=list(FILTERS),
                    default="gaussian",
                    tooltip="How low and high frequencies are told apart. gaussian is smoothest; butterworth is "
                    "steeper, by its order; ideal and box cut at one frequency.",
                    optional=True,
                ),
                io.Float.Input(
                    "d_s",
                    default=0.25,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="How fine a structure in the picture is kept: 0 none, 1 all there is.",
                    optional=True,
                ),
                io.Float.Input(
                    "d_t",
                    default=0.25,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="How fast a change over the frames is kept: 0 none, 1 all there is.",
                    optional=True,
                ),
                io.Int.Input(
                    "butterworth_order",
                    default=4,
                    min=1,
                    max=100,
                    advanced=True,
                    optional=True,
                    tooltip="For butterworth: higher is steeper.",
                ),
                io.Int.Input(
                    "seed_step",
                    default=1,
                    min=0,
                    max=2**31 - 1,
                    advanced=True,
                    optional=True,
                    tooltip="Each iteration takes its details from noise with a seed higher by this. 0 takes the same "
                    "noise each time.",
                ),
            ],
            outputs=[
                io.Model.Output(
                    "refined",
                    display_name="model",
                    tooltip="The model, sampling with FreeInit. Of several FreeInit in a row the last one counts.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, d_s: float | None = 0.25, d_t: float | None = 0.25) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        if d_s is None or d_t is None:
            # connected, and known only when the node runs
            return True
        try:
            FreeInitOptions(d_s=d_s, d_t=d_t)
        except FreeInitError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        model: Any,
        iterations: int = 3,
        filter: str = "gaussian",
        d_s: float = 0.25,
        d_t: float = 0.25,
        butterworth_order: int = 4,
        seed_step: int = 1,
    ) -> io.NodeOutput:
        """Put FreeInit on a clone of the model."""
        options = FreeInitOptions(iterations, filter, d_s, d_t, butterworth_order, seed_step)
        return io.NodeOutput(sampling.set_freeinit(model, options))
