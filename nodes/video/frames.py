"""Decode and Save Video, Encode Frames: long clips without all their frames in memory."""

from typing import Any

from comfy_api.latest import io

from ..host import video
from ..inputs import frames_input
from .choices import later_inputs, saving_inputs, saving_outputs
from .saving import save_clip, saving_problem

BOTH_WAYS = (
    "Play forwards, then backwards. The way back decodes every frame once more, so that none has to stay in memory."
)


def _at_once(what: str) -> io.Int.Input:
    return frames_input(
        f"How many frames are {what} together. 0 chooses by their size. Fewer take less memory.",
        "frames_per_batch",
        default=0,
        least=0,
        advanced=True,
    )


class DecodeAndSaveVideo(io.ComfyNode):
    """VAE Decode and Combine Video in one, for clips of any length."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaDecodeAndSaveVideo",
            display_name="Decode and Save Video",
            category="Kinema/video",
            description="Decodes a latent a few frames at a time and writes them straight into a video, so that memory "
            "does not grow with the length of the clip.",
            search_aliases=[
                "vhs vae decode batched",
                "vae decode",
                "video combine",
                "save video",
                "long video",
                "meta batch",
            ],
            is_output_node=True,
            inputs=[
                io.Latent.Input("samples", tooltip="The latent of the clip, from a sampler."),
                io.Vae.Input("vae", tooltip="The VAE that decodes it, from the checkpoint or from Load VAE."),
                *saving_inputs(BOTH_WAYS),
                _at_once("decoded"),
                *later_inputs(),
            ],
            outputs=saving_outputs(),
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
        )

    @classmethod
    def validate_inputs(
        cls, frame_rate: float | None = None, filename_prefix: str | None = None, format: str | None = None
    ) -> bool | str:
        """Answer settings that cannot work before anything is sampled."""
        return saving_problem(frame_rate, filename_prefix, format) or True

    @classmethod
    def execute(cls, samples: Any, vae: Any, frames_per_batch: int = 0, **saving: Any) -> io.NodeOutput:
        """Decode and write, part by part."""
        decoded = video.Decoded(vae, samples, frames_per_batch)
        return save_clip(cls.hidden, decoded, at_once=decoded.at_once, **saving)


class EncodeFrames(io.ComfyNode):
    """VAE Encode for many frames."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaEncodeFrames",
            display_name="Encode Frames",
            category="Kinema/video",
            description="Encodes frames into a latent a few at a time, for clips that are to be sampled again.",
            search_aliases=["vhs vae encode batched", "vae encode", "video to latent", "images to latent"],
            inputs=[
                io.Image.Input("images", tooltip="The frames, in order."),
                io.Vae.Input("vae", tooltip="The VAE that encodes them, from the checkpoint or from Load VAE."),
                _at_once("encoded"),
            ],
            outputs=[
                io.Latent.Output("samples", display_name="latent", tooltip="One latent for each frame, for a sampler."),
            ],
        )

    @classmethod
    def execute(cls, images: Any, vae: Any, frames_per_batch: int = 0) -> io.NodeOutput:
        """Encode part by part."""
        latent = video.encode(vae, images, frames_per_batch, video.progress_reporter())
        return io.NodeOutput({"samples": latent})
