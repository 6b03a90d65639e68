"""The inputs and outputs of every node that takes frames out of a video."""

from comfy_api.latest import io

from ..inputs import FRAMES, frame_rate_input, frames_input, side_input


def looking_inputs(most: str = "At most so many. 0 takes all there are.", frames: int = FRAMES) -> list[io.Input]:
    """Which frames, and how large.

    Args:
        most: the tooltip of ``frames``.
        frames: how many there are usually.
    """
    return [
        frame_rate_input(
            "Frames per second to look at the video, whatever its own rate is. AnimateDiff is trained on 8. 0 takes "
            "every picture of the video.",
            least=0.0,
        ),
        frames_input(most, default=frames, least=0),
        frames_input(
            "Leaves out so many frames at the start, counted at frame_rate.", "skip_frames", default=0, least=0
        ),
        side_input(
            "width", "Pixels. What sticks out is cropped on both sides. 0 follows from the height.", default=512
        ),
        side_input("height", "Pixels. 0 follows from the width; if both are 0, the size stays.", default=512),
        io.Int.Input(
            "every_nth",
            default=1,
            min=1,
            max=1000,
            optional=True,
            advanced=True,
            tooltip="2 takes every second frame: the clip moves twice as fast at the same frame rate.",
        ),
    ]


def clip_outputs() -> list[io.Output]:
    """The clip. New outputs go last, because saved graphs count them."""
    return [
        io.Image.Output("images", tooltip="The frames, for Encode Frames or a ControlNet's preprocessor."),
        io.Audio.Output("audio", tooltip="The sound of these frames, for Combine Video; nothing if there is none."),
        io.Float.Output(
            "rate",
            display_name="frame_rate",
            tooltip="Frames per second at which the clip is as fast as the video, for Combine Video.",
        ),
        io.Int.Output("count", display_name="frames", tooltip="How many frames there are."),
        io.Mask.Output("mask", tooltip="White where the video is transparent; black everywhere if it is not."),
    ]
