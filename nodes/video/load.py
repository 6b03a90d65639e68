"""Load Video Frames."""

from typing import Any

from comfy_api.latest import io

from ...motion.video import FITS, Choice, Shape
from ..host.video import (
    Manner,
    VideoFramesError,
    about,
    named_video,
    read_frames,
    video_names,
    video_problem,
    video_stamp,
)
from ..inputs import FRAME_RATE, FRAMES
from .looking import clip_outputs, looking_inputs

COLOURS = ("rgb", "rgba")
UNCONNECTED: Any = object()
LONGEST = 86_400.0
"""Seconds, a day."""


class LoadVideoFrames(io.ComfyNode):
    """A file in, the frames of a clip out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadVideo",
            display_name="Load Video Frames",
            category="Kinema/video",
            description="Loads the frames of a clip from a video file, at another frame rate and size, with their "
            "sound. Only these frames are decoded into memory.",
            search_aliases=[
                *("vhs load video", "vhs load video upload", "load video path", "upload video", "import video"),
                *("video to images", "video to video", "force rate", "frame load cap", "skip first frames"),
                *("select every nth", "load gif", "video info", "start time"),
            ],
            inputs=[
                io.Combo.Input(
                    "file",
                    options=["", *video_names()],
                    default="",
                    upload=io.UploadType.video,
                    optional=True,
                    tooltip="A video in ComfyUI's input folder: choose one, upload one with the button, or drop one on "
                    "the node. gif, apng and animated webp work too. Not needed if video is connected.",
                ),
                *looking_inputs(),
                io.Float.Input(
                    "start_time",
                    default=0.0,
                    min=0.0,
                    max=LONGEST,
                    step=0.01,
                    optional=True,
                    tooltip="Seconds at the beginning of the video to leave out, before frames are counted.",
                ),
                io.Combo.Input(
                    "fit",
                    options=list(FITS),
                    default=FITS[0],
                    optional=True,
                    tooltip="How a video of another shape fills the frames: crop cuts off both sides, stretch deforms, "
                    "pad adds black bars, which are white in mask.",
                ),
                io.Int.Input(
                    "multiple",
                    default=8,
                    min=1,
                    max=256,
                    optional=True,
                    advanced=True,
                    tooltip="Width and height are cut to the next lower multiple of so many pixels. Latents need 8.",
                ),
                io.Combo.Input(
                    "colours",
                    options=list(COLOURS),
                    default=COLOURS[0],
                    optional=True,
                    advanced=True,
                    tooltip="rgba keeps the transparency of webm, ProRes 4444, gif and others in the images; mask has "
                    "it always.",
                ),
                io.Int.Input(
                    "audio_track",
                    default=0,
                    min=0,
                    max=99,
                    optional=True,
                    advanced=True,
                    tooltip="Which sound to take from a file with several; 0 is the first.",
                ),
                io.Video.Input(
                    "video",
                    optional=True,
                    tooltip="A video from another node, such as Trim Video or Combine Video, in place of the file.",
                ),
            ],
            outputs=[
                *clip_outputs(),
                io.Float.Output("duration", tooltip="Seconds that these frames last."),
                io.Int.Output("wide", display_name="width", tooltip="Pixels of the frames."),
                io.Int.Output("high", display_name="height", tooltip="Pixels of the frames."),
                io.Float.Output("source_frame_rate", tooltip="Pictures per second of the whole video."),
                io.Int.Output("source_frames", tooltip="How many pictures the whole video has."),
                io.Float.Output("source_duration", tooltip="Seconds that the whole video lasts."),
                io.Int.Output("source_width", tooltip="Pixels of the video, turned as it is shown."),
                io.Int.Output("source_height", tooltip="Pixels of the video, turned as it is shown."),
            ],
        )

    @classmethod
    def validate_inputs(cls, file: str | None = None, video: Any = UNCONNECTED) -> bool | str:
        """Answer a file that cannot be read before anything runs; behind a wire nobody reads it."""
        return (video_problem(file) if file and video is UNCONNECTED else None) or True

    @classmethod
    def fingerprint_inputs(cls, file: str | None = None, **_: Any) -> Any:
        """Load again when the file is replaced."""
        return video_stamp(file) if file else None

    @classmethod
    def execute(
        cls,
        file: str = "",
        frame_rate: float = FRAME_RATE,
        frames: int = FRAMES,
        skip_frames: int = 0,
        width: int = 512,
        height: int = 512,
        every_nth: int = 1,
        start_time: float = 0.0,
        fit: str = FITS[0],
        multiple: int = 8,
        colours: str = COLOURS[0],
        audio_track: int = 0,
        video: Any = None,
    ) -> io.NodeOutput:
        """Read, resize and count."""
        if video is None and not file:
            raise VideoFramesError("There is no video: choose a file, or connect video.")
        video = named_video(file) if video is None else video
        manner = Manner(start_time, Shape(fit, multiple), COLOURS.index(colours) + 3, audio_track)
        clip = read_frames(video, Choice(frame_rate, skip_frames, every_nth, frames), width, height, manner)
        whole = about(video)
        count, high, wide = clip.images.shape[:3]
        return io.NodeOutput(
            *(clip.images, clip.sound, clip.rate, count, clip.mask, count / clip.rate, wide, high),
            *(whole.rate, whole.frames, whole.seconds, whole.width, whole.height),
        )
