"""Combine Video."""

from typing import Any

from comfy_api.latest import io

from .saving import save_clip, saving_inputs, saving_problem, video_output


class CombineVideo(io.ComfyNode):
    """Frames and sound in, one file out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaCombineVideo",
            display_name="Combine Video",
            category="Kinema/video",
            description="Saves frames as one video, animation or picture sequence, with the workflow inside.",
            search_aliases=[
                "vhs video combine",
                "ade animatediff combine",
                "images to video",
                "save video",
                "gif",
                "mp4",
                "webm",
                "export",
            ],
            is_output_node=True,
            inputs=[
                io.Image.Input(
                    "images", tooltip="The frames, in order. RGBA keeps its transparency where the format can."
                ),
                *saving_inputs(),
            ],
            outputs=[video_output()],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
        )

    @classmethod
    def validate_inputs(
        cls, frame_rate: float | None = None, filename_prefix: str | None = None, format: str | None = None
    ) -> bool | str:
        """Answer settings that cannot work before anything is sampled."""
        return saving_problem(frame_rate, filename_prefix, format) or True

    @classmethod
    def execute(cls, images: Any, **saving: Any) -> io.NodeOutput:
        """Write the file, then show it."""
        return save_clip(cls.hidden, images, **saving)
