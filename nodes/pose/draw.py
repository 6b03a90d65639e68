"""Draw Pose."""

from typing import Any

from comfy_api.latest import io

from ...motion.pose import BODIES, FITS, WIDTHS, PoseStyle, parse_poses
from ..host import pose
from ..inputs import PoseType, side_input


class DrawPose(io.ComfyNode):
    """POSE_KEYPOINT in, IMAGE out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaDrawPose",
            display_name="Draw Pose",
            category="Kinema/pose",
            description="Draws poses in the OpenPose colours, one picture for each frame, as pose ControlNets and "
            "Animate Anyone want them.",
            search_aliases=["openpose", "draw keypoints", "pose to image", "render pose", "skeleton", "dwpose"],
            inputs=[
                PoseType.Input("keypoints", tooltip="The people of each frame, from Load Pose or a pose detector."),
                side_input("width", "Width of the pictures. 0 is that of the pose or background."),
                side_input("height", "Height of the pictures, likewise."),
                io.Combo.Input(
                    "fit",
                    options=list(FITS),
                    default="pad",
                    optional=True,
                    tooltip="For pictures of other proportions than the pose: pad keeps all of it in the middle, crop "
                    "fills the picture, stretch changes the body's shape.",
                ),
                io.Combo.Input(
                    "body",
                    options=list(BODIES),
                    default=BODIES[0],
                    optional=True,
                    tooltip="ControlNets know 18 joints. 25 joints with feet are as OpenPose itself draws them.",
                ),
                io.Boolean.Input("hands", default=True, optional=True, tooltip="Draw hands where they are known."),
                io.Boolean.Input("face", default=True, optional=True, tooltip="Draw faces where they are known."),
                io.Float.Input(
                    "line_width",
                    default=1.0,
                    min=0.1,
                    max=32.0,
                    step=0.1,
                    advanced=True,
                    optional=True,
                    tooltip="Multiplies the width of limbs, lines and dots. 1 is limbs of 8 pixels.",
                ),
                io.Combo.Input(
                    "limb_widths",
                    options=list(WIDTHS),
                    default=WIDTHS[0],
                    advanced=True,
                    optional=True,
                    tooltip="openpose: the same at every size. xinsir: wider in larger pictures, for xinsir's "
                    "ControlNets for SDXL.",
                ),
                io.Float.Input(
                    "threshold",
                    default=0.3,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    advanced=True,
                    optional=True,
                    tooltip="Least confidence of a joint that is drawn. Lower it if hands are missing.",
                ),
                io.Image.Input(
                    "background",
                    optional=True,
                    tooltip="Pictures to draw upon, for a look at how the pose fits. Otherwise it is black, as "
                    "ControlNets want it.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    "pictures", display_name="image", tooltip="One picture for each frame, for Apply ControlNet."
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        keypoints: Any,
        width: int = 0,
        height: int = 0,
        fit: str = "pad",
        body: str = BODIES[0],
        hands: bool = True,
        face: bool = True,
        line_width: float = 1.0,
        limb_widths: str = WIDTHS[0],
        threshold: float = 0.3,
        background: Any = None,
    ) -> io.NodeOutput:
        """Draw every frame."""
        style = PoseStyle(body, hands, face, threshold, line_width, limb_widths)
        return io.NodeOutput(pose.draw_clip(parse_poses(keypoints), style, (width, height), fit, background))
