"""Camera Path and Camera Path From Text: where a camera goes."""

from typing import Any

from comfy_api.latest import io

from ...motion.camera import (
    EASINGS,
    FOCAL_LENGTH,
    MOVES,
    ORBIT_DISTANCE,
    CameraPath,
    PathError,
    draw_path,
    move_path,
    read_trajectory,
)
from ...motion.values import LARGEST
from ..host import files, folders
from ..inputs import FRAMES, CameraPathType, check_strength, frames_input, strength_problem

CATEGORY = "Kinema/camera"
USE_TEXT = "use text"
LENS = round(FOCAL_LENGTH, 6)
"""As many digits as a node shows."""


def path_outputs() -> list[Any]:
    """What comes out of every node that makes a path."""
    return [
        CameraPathType.Output(
            "path", display_name="camera_path", tooltip="The path, for Camera Control or another Camera Path."
        ),
        io.Image.Output(
            "picture",
            display_name="image",
            tooltip="The path from above and from the side, for Preview Image. Blue is the first frame, orange the "
            "last one.",
        ),
        io.Int.Output("length", display_name="frames", tooltip="Frames of the whole path, for the batch size."),
    ]


def path_output(path: CameraPath) -> io.NodeOutput:
    """The path, its picture and its length."""
    return io.NodeOutput(path, draw_path(path), len(path))


class MakeCameraPath(io.ComfyNode):
    """A named move, after another path if there is one."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        speed = {"default": 1.0, "min": -LARGEST, "max": LARGEST, "step": 0.01}
        return io.Schema(
            node_id="KinemaCameraPath",
            display_name="Camera Path",
            category=CATEGORY,
            description="Moves a camera: pans, tilts, zooms, rolls and orbits, one after the other or two at a time. "
            "The path goes to Camera Control.",
            search_aliases=[
                "cameractrl poses",
                "create cameractrl poses",
                "camera motion",
                "camera pose",
                "pan",
                "zoom",
                "orbit",
            ],
            inputs=[
                io.Combo.Input(
                    "move",
                    options=list(MOVES),
                    default="pan left",
                    tooltip="What the camera does; the picture goes the other way. zoom moves it forwards and back, "
                    "orbit moves it around a point ahead of it.",
                    optional=True,
                ),
                io.Float.Input(
                    "speed",
                    **speed,
                    tooltip="At 1 it turns by 60 degrees or moves by 1.5 (zoom: 2) in 16 frames. Below 0 it goes the "
                    "other way.",
                    optional=True,
                ),
                frames_input("Length of this piece. All pieces together should be as long as the clip."),
                io.Combo.Input(
                    "second_move",
                    options=list(MOVES),
                    default="static",
                    optional=True,
                    tooltip="A second move at the same time.",
                ),
                io.Float.Input("second_speed", **speed, optional=True, tooltip="Speed of the second move."),
                io.Combo.Input(
                    "easing",
                    options=list(EASINGS),
                    default="linear",
                    optional=True,
                    tooltip="How this piece starts and stops: evenly, or slowly at one end or both.",
                ),
                io.Float.Input(
                    "orbit_distance",
                    default=ORBIT_DISTANCE,
                    min=0.01,
                    max=100.0,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="How far ahead of the camera the point lies that orbit goes around.",
                ),
                io.Float.Input(
                    "focal_length",
                    default=LENS,
                    min=0.05,
                    max=10.0,
                    step=0.000001,
                    optional=True,
                    advanced=True,
                    tooltip="Of the lens, as a part of the width of a 16:9 picture: smaller is wider. The default is "
                    "that of most training clips. A path that comes in keeps its own.",
                ),
                CameraPathType.Input(
                    "previous_camera_path", optional=True, tooltip="The path so far; the move goes on where it ends."
                ),
            ],
            outputs=path_outputs(),
        )

    @classmethod
    def validate_inputs(cls, speed: Any = 1.0, second_speed: Any = 1.0) -> bool | str:
        """Answer speeds that cannot work before anything runs."""
        return strength_problem("speed", speed) or strength_problem("second_speed", second_speed) or True

    @classmethod
    def execute(
        cls,
        move: str = "pan left",
        speed: float = 1.0,
        frames: int = FRAMES,
        second_move: str = "static",
        second_speed: float = 1.0,
        easing: str = "linear",
        orbit_distance: float = ORBIT_DISTANCE,
        focal_length: float = LENS,
        previous_camera_path: CameraPath | None = None,
    ) -> io.NodeOutput:
        """Make the piece and join it."""
        check_strength("speed", speed)
        check_strength("second_speed", second_speed)
        moves = [(move, speed), (second_move, second_speed)]
        return path_output(move_path(moves, frames, previous_camera_path, easing, orbit_distance, focal_length))


class LoadCameraPath(io.ComfyNode):
    """A path in the text layout of RealEstate10K."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadCameraPath",
            display_name="Camera Path From Text",
            category=CATEGORY,
            description="Reads a camera path in the text layout of RealEstate10K, as CameraCtrl's own examples have "
            "it, from a file in the input folder or from the node.",
            search_aliases=["load cameractrl poses", "realestate10k", "pose file", "camera trajectory"],
            inputs=[
                io.Combo.Input(
                    "file",
                    options=[USE_TEXT, *folders.input_names(".txt")],
                    default=USE_TEXT,
                    tooltip="A .txt file in ComfyUI's input folder, or the text below. The button below puts a file of "
                    "yours there.",
                    optional=True,
                    extra_dict={"kinema_upload": ".txt"},
                ),
                io.String.Input(
                    "text",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="Read if no file is chosen. A line for each frame: time stamp, fx fy cx cy, two numbers, "
                    "and the 3x4 matrix from world to camera. The first line may be an address.",
                ),
                io.Int.Input(
                    "stride",
                    default=1,
                    min=1,
                    max=1000,
                    optional=True,
                    tooltip="Takes every second, third, ... line. The camera gets faster.",
                ),
                frames_input(
                    "Spreads the path over so many frames. 0 keeps a frame for each line taken.", default=0, least=0
                ),
            ],
            outputs=path_outputs(),
        )

    @classmethod
    def validate_inputs(cls, file: str | None = None, text: str | None = "") -> bool | str:
        """Answer a text that cannot be read, or a file that is not there, before anything runs."""
        if file is not None and file != USE_TEXT:
            return folders.input_path(file) is not None or folders.missing_input(file)
        if file is None or text is None:
            return True
        try:
            read_trajectory(text)
        except PathError as error:
            return f"text: {error}"
        return True

    @classmethod
    def fingerprint_inputs(cls, file: str | None = None, **_: Any) -> Any:
        """Read again when the file on disk is replaced."""
        return None if file is None or file == USE_TEXT else files.file_fingerprint(folders.input_path(file))

    @classmethod
    def execute(cls, file: str = USE_TEXT, text: str = "", stride: int = 1, frames: int = 0) -> io.NodeOutput:
        """Read, thin out, resample."""
        source = "text" if file == USE_TEXT else file
        try:
            path = read_trajectory(text if file == USE_TEXT else folders.input_text(file)).every(stride)
        except PathError as error:
            raise PathError(f"{source}: {error}") from error
        return path_output(path.resampled(frames) if frames else path)
