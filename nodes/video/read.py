"""Video Frames."""

from typing import Any

from comfy_api.latest import io

from ...motion.video import Choice
from ..host.video import read_frames
from ..inputs import FRAME_RATE, FRAMES
from .looking import clip_outputs, looking_inputs


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
                *looking_inputs(),
            ],
            outputs=clip_outputs(),
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
