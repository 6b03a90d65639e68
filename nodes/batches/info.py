"""Frame Info."""

from typing import Any

from comfy_api.latest import io, ui

from ...motion.batches import as_frames, describe_batch
from ..inputs import FRAME_RATE, frame_rate_input
from .sockets import batch_input


class FrameInfo(io.ComfyNode):
    """A batch in, what it is out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaFrameInfo",
            display_name="Frame Info",
            category="Kinema/batches",
            description="Counts and measures images, masks or a latent, and shows what they are.",
            search_aliases=[
                *("vhs get image count", "get image count", "get latent count", "get mask count", "batch size"),
                *("image size", "clip length", "count frames", "duration", "video info", "resolution"),
            ],
            is_output_node=True,
            inputs=[
                batch_input("Images, masks or a latent."),
                frame_rate_input("Frames per second at which they are played, for the duration."),
            ],
            outputs=[
                io.Int.Output("count", display_name="frames", tooltip="How many frames there are."),
                io.Int.Output("width", display_name="width", tooltip="Pixels; of a latent, its own places."),
                io.Int.Output("height", display_name="height", tooltip="Pixels; of a latent, its own places."),
                io.Int.Output("channels", display_name="channels", tooltip="1 grey, 3 colours, 4 with transparency."),
                io.Float.Output("duration", display_name="duration", tooltip="Seconds at this frame rate."),
                io.String.Output("kind", display_name="kind", tooltip="IMAGE, MASK or LATENT."),
                io.String.Output("text", display_name="text", tooltip="What the node shows, line by line."),
            ],
        )

    @classmethod
    def execute(cls, batch: Any, frame_rate: float = FRAME_RATE) -> io.NodeOutput:
        """Look at it."""
        info = describe_batch(as_frames(batch), frame_rate)
        return io.NodeOutput(
            info.count,
            info.width,
            info.height,
            info.channels,
            info.seconds,
            info.kind,
            info.text,
            ui=ui.PreviewText(info.text),
        )
