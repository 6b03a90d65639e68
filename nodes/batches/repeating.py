"""Repeat Frames, Reverse Frames, Ping-Pong Frames: the frames of a batch again, or the other way round."""

from typing import Any

from comfy_api.latest import io

from ...motion.batches import ORDERS, ping_pong, repeated
from ..inputs import frames_input
from .sockets import batch_input, batch_output, count_output, output_of

MOST_TIMES = 10_000


class RepeatFrames(io.ComfyNode):
    """A batch several times."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaRepeatFrames",
            display_name="Repeat Frames",
            category="Kinema/batches",
            description="Repeats images, masks or a latent: the whole clip, or each frame in its place. A single frame "
            "becomes a clip without taking more memory.",
            search_aliases=[
                *("vhs duplicate images", "vhs duplicate latents", "duplicate images", "duplicate masks", "loop clip"),
                *("repeat image batch", "repeat latent batch", "repeat masks", "hold frame", "slow down"),
            ],
            inputs=[
                batch_input("Images, masks or a latent."),
                frames_input("How often there will be each frame.", "times", default=2, most=MOST_TIMES),
                io.Combo.Input(
                    "repeat",
                    options=list(ORDERS),
                    default=ORDERS[0],
                    optional=True,
                    tooltip="whole_clip: 0 1 2 0 1 2. each_frame: 0 0 1 1 2 2, which is slower at the same frame rate.",
                ),
            ],
            outputs=[batch_output("All of them."), count_output("How many there are.")],
        )

    @classmethod
    def execute(cls, batch: Any, times: int = 2, repeat: str = ORDERS[0]) -> io.NodeOutput:
        """Repeat."""
        return output_of(batch, lambda count: repeated(count, times, repeat), again=True)


class ReverseFrames(io.ComfyNode):
    """A batch backwards."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaReverseFrames",
            display_name="Reverse Frames",
            category="Kinema/batches",
            description="Puts the frames of images, masks or a latent into the opposite order.",
            search_aliases=["reverse image batch", "reverse images", "reverse latent batch", "backwards", "rewind"],
            inputs=[batch_input("Images, masks or a latent.")],
            outputs=[batch_output("The last frame first."), count_output("How many there are.")],
        )

    @classmethod
    def execute(cls, batch: Any) -> io.NodeOutput:
        """Turn them round."""
        return output_of(batch, lambda count: range(count - 1, -1, -1))


class PingPongFrames(io.ComfyNode):
    """A batch forwards and backwards."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaPingPongFrames",
            display_name="Ping-Pong Frames",
            category="Kinema/batches",
            description="Plays images, masks or a latent forwards, then backwards, so that it loops.",
            search_aliases=["pingpong", "ping pong", "boomerang", "back and forth", "loop", "yoyo"],
            inputs=[
                batch_input("Images, masks or a latent."),
                io.Boolean.Input(
                    "repeat_ends",
                    default=False,
                    optional=True,
                    tooltip="Show the first and the last frame twice where the clip turns: 0 1 2 2 1 0, not 0 1 2 1.",
                ),
            ],
            outputs=[batch_output("There and back."), count_output("How many there are.")],
        )

    @classmethod
    def execute(cls, batch: Any, repeat_ends: bool = False) -> io.NodeOutput:
        """There and back."""
        return output_of(batch, lambda count: ping_pong(count, repeat_ends))
