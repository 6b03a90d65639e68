"""Video Frames."""

from typing import Any

from comfy_api.latest import io

from ...motion.video import Choice
from ..host.video import read_frames
from ..inputs import FRAME_RATE, FRAMES, frame_rate_input, frames_input, side_input


class VideoFrames(io.ComfyNode):
    """A video in, the frames of a clip out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaVideoFrames",
            display_name="Video Frames",
            category="Kinema/video",
            description="Takes the frames of a clip from a video, at another frame rate and size. Only these "
            "frames are held in memory.",
            search_aliases=[
                "load video",
                "vhs load video upload",
                "video to images",
                "video to video",
                "get last frame",
                "first frame",
                "get video components",
                "force rate",
                "frame load cap",
                "select every nth",
            ],
            inputs=[
                io.Video.Input("video", tooltip="From Load Video, Trim Video or Combine Video."),
                frame_rate_input(
                    "Frames per second to look at the video, whatever its own rate is. AnimateDiff is trained "
                    "on 8. 0 takes every picture of the video.",
                    least=0.0,
                ),
                frames_input("At most so many. 0 takes all there are.", least=0),
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
            ],
            outputs=[
                io.Image.Output("images", tooltip="The frames, for Encode Frames or a ControlNet's preprocessor."),
                io.Audio.Output(
                    "audio", tooltip="The sound of these frames, for Combine Video; nothing if there is none."
                ),
                io.Float.Output(
                    "rate",
                    display_name="frame_rate",
                    tooltip="Frames per second at which the clip is as fast as the video, for Combine Video.",
                ),
                io.Int.Output("count", display_name="frames", tooltip="How many frames there are."),
                # new outputs go last, because saved graphs count them
                io.Mask.Output("mask", tooltip="White where the video is transparent; black everywhere if it is not."),
            ],
        )

    @classmethod
    def execute(
        cls,
        video: Any,
        frame_rate: float = FRAME_RATE,
        frames: int = FRAMES,
        skip_frames: int = 0,
        width: int = 512,
        height: int = 512,
        every_nth: int = 1,
    ) -> io.NodeOutput:
        """Read, crop and resize."""
        choice = Choice(frame_rate, skip_frames, every_nth, frames)
        clip = read_frames(video, choice, width, height)
        return io.NodeOutput(clip.images, clip.sound, clip.rate, clip.images.shape[0], clip.mask)
