"""Distribute Windows: one clip on several processes and machines."""

from typing import Any

from comfy_api.latest import io

from ...motion.workers import address_problem, problem_with_ray
from ..host import workers


class DistributeWindows(io.ComfyNode):
    """MODEL in, MODEL out whose windows are predicted by workers, too."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaDistributeWindows",
            display_name="Distribute Windows",
            category="Kinema/windows",
            description="Shares the windows of a long clip out to other GPUs and machines, through Ray. Each worker "
            "builds the sampling on a ComfyUI of its own; only latents travel. The result is the same.",
            search_aliases=["ray", "cluster", "distributed", "several machines", "multi gpu", "network", "farm"],
            inputs=[
                io.Model.Input("model", tooltip="The model, before or after Sliding Context."),
                io.Int.Input(
                    "workers",
                    default=0,
                    min=0,
                    max=256,
                    optional=True,
                    tooltip="Processes with a ComfyUI of their own. 0 makes one for each GPU of the cluster, or one "
                    "for each machine if there are none.",
                ),
                io.String.Input(
                    "address",
                    default="",
                    optional=True,
                    tooltip="Of a Ray cluster that this machine has joined, such as 192.168.1.10:6379, or auto. Empty "
                    "starts workers on this machine.",
                ),
                io.Combo.Input(
                    "precision",
                    options=list(workers.PRECISIONS),
                    default="fp32",
                    optional=True,
                    tooltip="Of latents on their way. fp32: exact. fp16: half as much to send.",
                ),
                io.Float.Input(
                    "timeout",
                    default=300.0,
                    min=1.0,
                    max=86_400.0,
                    step=1.0,
                    advanced=True,
                    optional=True,
                    tooltip="Seconds that a worker may take for one window. Then it is started anew, and its window "
                    "goes to another.",
                ),
                io.Boolean.Input(
                    "work_here",
                    default=True,
                    advanced=True,
                    optional=True,
                    tooltip="Whether this ComfyUI predicts windows, too. Turn it off if a worker uses the same GPU.",
                ),
            ],
            outputs=[
                io.Model.Output("distributed", display_name="model", tooltip="The model for any sampler."),
            ],
        )

    @classmethod
    def validate_inputs(cls, address: str | None = "") -> bool | str:
        """Answer an address that cannot be one, and a missing Ray, before anything runs."""
        return problem_with_ray() or address_problem(address) or True

    @classmethod
    def execute(cls, model: Any, address: str = "", **settings: Any) -> io.NodeOutput:
        """Put workers around the samplers of a clone of the model."""
        return io.NodeOutput(workers.distribute(model, workers.Settings(address.strip(), **settings)))
