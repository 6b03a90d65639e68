"""Load Pose."""

from typing import Any

from comfy_api.latest import io

from ...motion.pose import (
    UNITS,
    PoseFrame,
    as_keypoints,
    check_units,
    parse_pose_text,
    picture_size,
    read_pose_files,
    walking,
)
from ..host.pose import pose_fingerprint, pose_names, pose_paths
from ..inputs import FRAMES, PoseType, frames_input, side_input

EXAMPLE = "walking figure (example)"
EXAMPLE_SIDE = 512


def read(
    pose: str, text: str = "", width: int = 0, height: int = 0, frames: int = FRAMES, units: str = "auto"
) -> list[PoseFrame]:
    """What Load Pose was set to.

    Raises:
        PoseError: the pose cannot be used.
        FileNotFoundError: there is no such file.
    """
    size = (width, height) if width and height else None
    if text.strip():
        return parse_pose_text(text, size, units, "The text")
    if pose == EXAMPLE:
        check_units(units)
        return walking(frames, *picture_size((EXAMPLE_SIDE, EXAMPLE_SIDE), (width, height)))
    return read_pose_files(pose_paths(pose), size, units)


class LoadPose(io.ComfyNode):
    """POSE_KEYPOINT from files, a text or an example."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaLoadPose",
            display_name="Load Pose",
            category="Kinema/pose",
            description="Loads the poses of a clip: an OpenPose JSON file with all frames, a folder with a file for "
            "each frame, or a walking figure to try things with.",
            search_aliases=["openpose json", "load openpose", "load pose keypoints", "dwpose", "skeleton", "walk"],
            inputs=[
                io.Combo.Input(
                    "pose",
                    options=[EXAMPLE, *pose_names()],
                    tooltip="A .json file in ComfyUI's input folder with the frames of a clip, or a folder in it with "
                    "a file for each frame, in the order of the numbers in their names. The button below puts a file "
                    "of yours there.",
                    extra_dict={"kinema_upload": ".json"},
                ),
                io.String.Input(
                    "text",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="OpenPose JSON, typed or from a wire. If there is any, it is read instead of the file.",
                ),
                side_input(
                    "width",
                    "Width of the picture the pose belongs to, for files that do not say, as OpenPose itself "
                    "writes them, and for the example. 0 is that of the file.",
                    step=1,
                ),
                side_input("height", "Height of that picture, likewise.", step=1),
                frames_input("Length of the example. A file has its own."),
                io.Combo.Input(
                    "units",
                    options=list(UNITS),
                    default="auto",
                    advanced=True,
                    optional=True,
                    tooltip="Whether coordinates are pixels or parts of the picture in 0..1. auto finds out.",
                ),
            ],
            outputs=[
                PoseType.Output(
                    "keypoints",
                    display_name="keypoints",
                    tooltip="The people of each frame, for Draw Pose and every node that takes POSE_KEYPOINT.",
                )
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        pose: str | None = None,
        text: str | None = "",
        width: int | None = 0,
        height: int | None = 0,
        frames: int | None = 16,
        units: str | None = "auto",
    ) -> bool | str:
        """Answer files and texts that are no pose before anything runs."""
        if pose is None or text is None or width is None or height is None or frames is None or units is None:
            return True
        try:
            read(pose, text, width, height, frames, units)
        except (ValueError, OSError) as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, pose: str | None = None, **_: Any) -> Any:
        """Load again when a file on disk is replaced, or one is added to the folder."""
        return None if pose is None or pose == EXAMPLE else pose_fingerprint(pose)

    @classmethod
    def execute(cls, pose: str, **settings: Any) -> io.NodeOutput:
        """Read the pose."""
        return io.NodeOutput(as_keypoints(read(pose, **settings)))
