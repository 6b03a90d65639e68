"""Camera Control: a motion module that follows a camera path."""

from typing import Any

from comfy_api.latest import io

from ...motion.camera import CameraPath
from ..host import camera, files, folders, temporal
from ..inputs import (
    CameraPathType,
    MotionModelType,
    as_acts,
    range_inputs,
    range_problem,
    strength_input,
    strength_problem,
)


class CameraControl(io.ComfyNode):
    """Motion model, CameraCtrl file and path in, a motion model that follows the path out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaCameraControl",
            display_name="Camera Control",
            category="Kinema/camera",
            description="Lets a motion module follow a camera path, with CameraCtrl. Connect it between Load Motion "
            "Module and Animate Model.",
            search_aliases=[
                "cameractrl",
                "apply animatediff+cameractrl model",
                "load animatediff+cameractrl model",
                "camera control",
                "camera",
            ],
            inputs=[
                MotionModelType.Input("motion_model", tooltip="A motion module for SD1.5, best AnimateDiff v3."),
                io.Combo.Input(
                    "camera_file",
                    options=folders.model_names(folders.MOTION_MODULES),
                    tooltip="CameraCtrl_pruned or CameraCtrl, a file in models/animatediff_models. It is recognised "
                    "by its contents.",
                ),
                CameraPathType.Input("camera_path", tooltip="Where the camera goes, from Camera Path."),
                strength_input(
                    "strength",
                    "How strongly the clip follows: 1 is as trained, 0 is off. Takes a Motion Value or a mask too.",
                ),
                *range_inputs("camera"),
            ],
            outputs=[
                MotionModelType.Output(
                    "steered",
                    display_name="motion_model",
                    tooltip="The motion module with its camera, for Animate Model; the one that came in stays as it "
                    "is.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, strength: Any = 1.0, start_percent: float | None = 0.0, end_percent: float | None = 1.0
    ) -> bool | str:
        """Answer settings that cannot work before anything runs."""
        problem = strength_problem("strength", strength)
        return problem or range_problem(start_percent, end_percent, would="follow the path") or True

    @classmethod
    def fingerprint_inputs(cls, camera_file: str | None = None, **_: Any) -> Any:
        """Load again when the file on disk is replaced."""
        return files.file_fingerprint(camera_file and folders.model_path(folders.MOTION_MODULES, camera_file))

    @classmethod
    def execute(
        cls,
        motion_model: temporal.LoadedMotion,
        camera_file: str,
        camera_path: CameraPath,
        strength: Any = 1.0,
        start_percent: float = 0.0,
        end_percent: float = 1.0,
    ) -> io.NodeOutput:
        """Load the file, unless it still is in memory, and put it on the motion model."""
        acts = as_acts(strength, start_percent, end_percent, would="follow the path")
        path = folders.existing_path(folders.MOTION_MODULES, camera_file, "CameraCtrl file")
        return io.NodeOutput(
            motion_model.accompanied(camera.Camera(camera.CameraWeights.load(path), camera_path, acts))
        )
