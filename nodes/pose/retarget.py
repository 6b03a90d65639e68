"""Retarget Pose."""

from typing import Any

from comfy_api.latest import io

from ...motion.pose import as_keypoints, parse_poses, retarget_poses
from ..inputs import PoseType, frames_input


class RetargetPose(io.ComfyNode):
    """POSE_KEYPOINT of a motion and of a picture in, the motion on the body of the picture out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaRetargetPose",
            display_name="Retarget Pose",
            category="Kinema/pose",
            description="Gives a motion the limb lengths, the place and the canvas of the person in another picture, "
            "so that a character keeps its shape. Animate Anyone needs this.",
            search_aliases=["pose align", "rescale pose", "animate anyone", "musepose", "pose transfer"],
            inputs=[
                PoseType.Input("keypoints", tooltip="The motion, from Load Pose or a pose detector."),
                PoseType.Input(
                    "picture_keypoints",
                    tooltip="The pose of the picture whose person is to move. Its first frame counts. As many people "
                    "are moved as it shows, paired from left to right.",
                ),
                frames_input(
                    "The frame of the motion that is compared with the picture. Choose one in which the "
                    "person stands upright and is seen whole.",
                    "measured_frame",
                    default=0,
                    least=0,
                ),
            ],
            outputs=[
                PoseType.Output(
                    "retargeted",
                    display_name="keypoints",
                    tooltip="The motion with the body and in the canvas of the picture, for Draw Pose.",
                )
            ],
        )

    @classmethod
    def execute(cls, keypoints: Any, picture_keypoints: Any, measured_frame: int = 0) -> io.NodeOutput:
        """Move the body of the picture."""
        target = parse_poses(picture_keypoints, name="The pose of the picture")[0]
        return io.NodeOutput(as_keypoints(retarget_poses(parse_poses(keypoints), target, measured_frame)))
