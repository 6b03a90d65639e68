"""Combine Video."""

from typing import Any

from comfy_api.latest import io
from torch import Tensor

from ...motion.video import CUT
from ..host.video import saved_again
from ..inputs import FRAME_RATE, frame_rate_input
from .choices import later_inputs, saving_inputs, saving_outputs
from .saving import save_clip, saving_problem

RATE = (
    "Frames per second. 0 is 8 for frames, which AnimateDiff is trained on, and its own rate for a VIDEO; another "
    "number drops or repeats frames of a VIDEO, which lasts as long as before."
)


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
                io.MultiType.Input(
                    "images",
                    [io.Image, io.Video],
                    tooltip="The frames, in order, or a VIDEO to save in another form, with its sound. Transparency is "
                    "kept where the format can.",
                ),
                *saving_inputs(frame_rate=frame_rate_input(RATE, default=0.0, least=0.0)),
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
        return saving_problem(frame_rate or None, filename_prefix, format) or True

    @classmethod
    def execute(
        cls, images: Any, frame_rate: float = 0.0, audio: Any = None, sound_length: str = CUT, **saving: Any
    ) -> io.NodeOutput:
        """Write the file, then show it."""
        saving["sound_length"] = sound_length
        if isinstance(images, Tensor):
            return save_clip(cls.hidden, images, frame_rate or FRAME_RATE, audio=audio, **saving)
        clip = saved_again(images, frame_rate)
        sound = clip.sound if audio is None else audio
        return save_clip(cls.hidden, clip.images, clip.rate, audio=sound, at_once=clip.at_once, **saving)
