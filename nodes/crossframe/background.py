"""Smooth Background."""

from typing import Any

from comfy_api.latest import io
from torch import Tensor

from ...motion.crossframe import CameraMotion, smoothed
from ..inputs import as_mask, check_strength, strength_problem
from .moves import USUAL as FAR
from .moves import move_inputs

LOW, HIGH, USUAL = 0.0, 1.0, 0.6
GROW, MOST_GROW = 2, 64


class SmoothBackground(io.ComfyNode):
    """Noisy frames and where their subject is in, frames with one background out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaSmoothBackground",
            display_name="Smooth Background",
            category="Kinema/crossframe",
            description="Mixes the background of the first frame, moved with the camera, into the noisy frames of "
            "Latent Motion. The clip is sampled once before to find its subject, and once again behind this node.",
            search_aliases=["text2video-zero", "background smoothing", "flicker", "stable background"],
            inputs=[
                io.Latent.Input("latents", tooltip="The noisy frames, from Latent Motion."),
                io.Mask.Input(
                    "subject",
                    tooltip="White where the subject is, one for each frame or one for all, of any size: of the clip "
                    "as it was sampled from the same latents. Remove Background makes such masks.",
                ),
                *move_inputs(" As in Latent Motion."),
                io.Float.Input(
                    "strength",
                    default=USUAL,
                    min=LOW,
                    max=HIGH,
                    step=0.01,
                    tooltip="How much of the background comes from the first frame.",
                    optional=True,
                ),
                io.Int.Input(
                    "grow",
                    default=GROW,
                    min=0,
                    max=MOST_GROW,
                    tooltip="How much wider the subject is taken on each side, in places of the latent of 8 pixels "
                    "each.",
                    advanced=True,
                    optional=True,
                ),
            ],
            outputs=[
                io.Latent.Output(
                    "smoothed",
                    display_name="latents",
                    tooltip="The noisy frames, for a sampler with the settings that those of Latent Motion get.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, strength: float = USUAL) -> bool | str:
        """Answer a strength that cannot work before anything runs."""
        return strength_problem("strength", strength, LOW, HIGH) or True

    @classmethod
    def execute(
        cls,
        latents: dict[str, Any],
        subject: Tensor,
        dx: float = FAR,
        dy: float = FAR,
        strength: float = USUAL,
        grow: int = GROW,
    ) -> io.NodeOutput:
        """Mix the backgrounds."""
        check_strength("strength", strength, LOW, HIGH)
        mask = as_mask("subject", subject)
        found = smoothed(latents["samples"], mask.frames, CameraMotion(dx, dy), strength, grow)
        return io.NodeOutput({**latents, "samples": found})
