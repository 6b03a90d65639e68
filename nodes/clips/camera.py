"""Camera Motion Clips."""

from typing import Any

from comfy_api.latest import io

from ...motion.clips import AMOUNT, EASINGS, EMPTY, SHOTS, Choosing
from ..host.clips import Camera, Clips, film_clips, first_view, listed_clips
from ..inputs import FRAMES, ClipsType, frames_input, side_input
from .choices import LEAST_SIDE, SIDE

ALL = "all"
LINEAR = "linear"


class CameraMotionClips(io.ComfyNode):
    """Clips or pictures in, the same with a moving camera out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaCameraMotionClips",
            display_name="Camera Motion Clips",
            category="Kinema/clips",
            description="Moves a window over clips or pictures, as the clips for the released camera MotionLoRAs were "
            "made: zoom, pan, tilt and roll.",
            search_aliases=[
                *("camera motion", "zoom in", "zoom out", "pan left", "pan right", "tilt", "roll", "ken burns"),
                *("motion lora dataset", "crop motion", "camera lora", "shot", "dolly"),
            ],
            inputs=[
                ClipsType.Input("clips", optional=True, tooltip="What is filmed, from Load Clips or Clips From List."),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="Pictures that are filmed, each by itself, beside clips or alone.",
                ),
                io.Combo.Input(
                    "move",
                    options=[*SHOTS, ALL],
                    optional=True,
                    default=next(iter(SHOTS)),
                    tooltip="What the camera does; what is in the picture goes the other way. all films everything "
                    "eight times.",
                ),
                io.Float.Input(
                    "amount",
                    default=AMOUNT,
                    min=0.01,
                    max=4.0,
                    step=0.01,
                    optional=True,
                    tooltip="How far it goes: 0.3 zooms to 1.3 times, pans by 0.3 of the width, tilts by 0.3 of the "
                    "height and rolls by 0.3 of 90 degrees.",
                ),
                io.Combo.Input(
                    "easing",
                    options=list(EASINGS),
                    default=LINEAR,
                    optional=True,
                    tooltip="Whether the move is even, or begins and ends slowly.",
                ),
                io.String.Input(
                    "caption", default="", optional=True, multiline=True, tooltip="For image; clips have their own."
                ),
                frames_input("Frames of each shot of image; clips say it themselves.", least=2),
                side_input("width", "Pixels of shots of image; clips say it themselves.", SIDE, LEAST_SIDE),
                side_input("height", "Pixels of shots of image; clips say it themselves.", SIDE, LEAST_SIDE),
            ],
            outputs=[
                ClipsType.Output("filmed", display_name="clips", tooltip="For Prepare Clips."),
                io.Image.Output("images", tooltip="The frames of the first one, to look at."),
            ],
        )

    @classmethod
    def execute(
        cls,
        clips: Clips | None = None,
        image: Any = None,
        move: str = next(iter(SHOTS)),
        amount: float = AMOUNT,
        easing: str = LINEAR,
        caption: str = "",
        frames: int = FRAMES,
        width: int = SIDE,
        height: int = SIDE,
    ) -> io.NodeOutput:
        """Film them."""
        sources = [] if clips is None else [clips]
        if image is not None:
            pictures = [image[number : number + 1] for number in range(image.shape[0])]
            sources.append(listed_clips([], pictures, [caption], EMPTY, Choosing(frames, 1), (height, width)))
        filmed = film_clips(sources, Camera(tuple(SHOTS) if move == ALL else (move,), amount, easing))
        return io.NodeOutput(filmed, first_view(filmed))
