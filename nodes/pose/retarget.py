"""Retarget Pose."""

from typing import Any

from comfy_api.latest import io

from ...motion.pose import keypoints, parse_poses, retarget_poses
from ..inputs import PoseType


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
                PoseType.Input("pose", tooltip="The motion, from Load Pose or a pose detector."),
                PoseType.Input(
                    "reference",
                    tooltip="The pose of the picture whose person is to move. Its first frame counts. As many people "
                    "are moved as it shows, paired from left to right.",
                ),
                io.Int.Input(
                    "measured_frame",
                    default=0,
                    min=0,
                    max=100_000,
                    optional=True,
                    tooltip="The frame of the motion that is compared with the reference. Choose one in which the "
                    "person stands upright and is seen whole.",
                ),
            ],
            outputs=[
                PoseType.Output(
                    "retargeted",
                    display_name="pose_keypoint",
                    tooltip="The motion with the body and in the canvas of the reference, for Draw Pose.",
                )
            ],
        )

    @classmethod
    def execute(cls, pose: Any, reference: Any, measured_frame: int = 0) -> io.NodeOutput:
        """Move the reference's body."""
        target = parse_poses(reference, name="The reference")[0]
        return io.NodeOutput(keypoints(retarget_poses(parse_poses(pose), target, measured_frame)))
