"""Select Frames, Every Nth Frame, Split Frames: some of the frames of a batch."""

from typing import Any

from comfy_api.latest import io

from ...motion.batches import OUTSIDE, BatchError, as_frames, choose, nth_frames, parse_selection, split
from ..host.notices import notice
from ..inputs import FRAMES, MOST_FRAMES, frames_input
from .sockets import batch_input, batch_output, count_output, output_of, take


class SelectFrames(io.ComfyNode):
    """Frames by their numbers."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaSelectFrames",
            display_name="Select Frames",
            category="Kinema/batches",
            description="Takes frames by their numbers, in any order and as often as they are named, from images, "
            "masks or a latent.",
            search_aliases=[
                *("vhs select images", "vhs select masks", "vhs select latents", "select images", "select latents"),
                *("image from batch", "latent from batch", "get image from batch", "pick frames", "last frame"),
                *("first frame", "frame range", "trim frames", "frame indexes", "slice batch"),
            ],
            inputs=[
                batch_input("Images, masks or a latent."),
                io.String.Input(
                    "indices",
                    default="0",
                    optional=True,
                    tooltip="Numbers and ranges, such as 0, 4:16:2, -1. Frames count from 0, negative numbers from the "
                    "end. 4:16:2 goes from 4 to before 16 in steps of 2; ::2 is every second frame, ::-1 all "
                    "backwards.",
                ),
                io.Combo.Input(
                    "out_of_range",
                    options=list(OUTSIDE),
                    default=OUTSIDE[0],
                    optional=True,
                    tooltip="What becomes of a number that no frame has: an error, the nearest frame, or nothing. "
                    "Ranges always end where the batch does.",
                ),
            ],
            outputs=[
                batch_output("The frames, in the order in which they are named."),
                count_output("How many there are."),
            ],
        )

    @classmethod
    def validate_inputs(cls, indices: str | None = None) -> bool | str:
        """Answer a text that cannot be read before anything runs."""
        if indices is None:
            return True
        try:
            parse_selection(indices)
        except BatchError as error:
            return str(error)
        return True

    @classmethod
    def execute(cls, batch: Any, indices: str = "0", out_of_range: str = OUTSIDE[0]) -> io.NodeOutput:
        """Read the text and take what it names."""
        frames = as_frames(batch)
        chosen = choose(parse_selection(indices), frames.count, out_of_range)
        value = take(frames, chosen.indices)
        if chosen.told:
            notice(chosen.told)
        return io.NodeOutput(value, len(chosen.indices))


class EveryNthFrame(io.ComfyNode):
    """One frame of several."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaEveryNthFrame",
            display_name="Every Nth Frame",
            category="Kinema/batches",
            description="Takes every second, third … frame of images, masks or a latent.",
            search_aliases=[
                *("vhs select every nth image", "select every nth", "select every nth latent", "skip frames"),
                *("frame skip", "decimate", "lower frame rate", "speed up"),
            ],
            inputs=[
                batch_input("Images, masks or a latent."),
                frames_input("2 takes every second frame, 1 every frame.", "every_nth", default=2),
                frames_input("Leaves out so many frames at the start.", "skip_frames", default=0, least=0),
            ],
            outputs=[batch_output("These frames."), count_output("How many there are.")],
        )

    @classmethod
    def execute(cls, batch: Any, every_nth: int = 2, skip_frames: int = 0) -> io.NodeOutput:
        """Take them."""
        return output_of(batch, lambda count: nth_frames(count, every_nth, skip_frames))


class SplitFrames(io.ComfyNode):
    """A batch in two."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaSplitFrames",
            display_name="Split Frames",
            category="Kinema/batches",
            description="Cuts images, masks or a latent in two.",
            search_aliases=[
                *("vhs split images", "vhs split latents", "vhs split masks", "split images", "split batch"),
                *("split latents", "cut clip", "divide frames", "first and rest"),
            ],
            inputs=[
                batch_input("Images, masks or a latent."),
                io.Int.Input(
                    "index",
                    default=FRAMES // 2,
                    min=-MOST_FRAMES,
                    max=MOST_FRAMES,
                    optional=True,
                    tooltip="The frame with which the second part begins: 8 leaves 8 frames in the first. -1 cuts "
                    "before the last frame.",
                ),
            ],
            outputs=[
                batch_output("The frames before it.", "first"),
                count_output("Frames of the first part.", "first_frames", "first_count"),
                batch_output("The frames from it on.", "second"),
                count_output("Frames of the second part.", "second_frames", "second_count"),
            ],
        )

    @classmethod
    def validate_inputs(cls, index: int | None = None) -> bool | str:
        """Answer what leaves nothing, however many frames there are."""
        return (
            index != 0 or "index is 0, which leaves nothing in the first part. Choose 1 or more, or a negative number."
        )

    @classmethod
    def execute(cls, batch: Any, index: int = FRAMES // 2) -> io.NodeOutput:
        """Cut."""
        frames = as_frames(batch)
        first, second = split(frames.count, index)
        return io.NodeOutput(take(frames, first), len(first), take(frames, second), len(second))
