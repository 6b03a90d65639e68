"""Retime Pose."""

from typing import Any

from comfy_api.latest import io

from ...motion.pose import as_keypoints, parse_poses, retime_to_fps, retime_to_length
from ...motion.pose import pingpong as both_ways
from ..inputs import FILMED, FRAME_RATE, PoseType, frame_rate_input, frames_input


class RetimePose(io.ComfyNode):
    """POSE_KEYPOINT in, POSE_KEYPOINT of another frame rate or length out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaRetimePose",
            display_name="Retime Pose",
            category="Kinema/pose",
            description="Brings poses to the frame rate or the length of a clip; between two frames joints move on "
            "straight lines.",
            search_aliases=["resample pose", "pose fps", "interpolate pose", "frame rate", "ping pong"],
            inputs=[
                PoseType.Input("keypoints", tooltip="The people of each frame, from Load Pose or a pose detector."),
                frame_rate_input("Frames per second of the poses.", default=FILMED),
                frame_rate_input("Frames per second of the clip. It lasts as long as before.", "new_frame_rate"),
                frames_input(
                    "If not 0, the motion is stretched to so many frames instead, whatever the frame rates.",
                    default=0,
                    least=0,
                ),
                io.Boolean.Input(
                    "pingpong",
                    default=False,
                    optional=True,
                    tooltip="Forwards, then backwards without the two ends twice, so that the motion can repeat. It "
                    "comes after frames.",
                ),
            ],
            outputs=[
                PoseType.Output(
                    "retimed",
                    display_name="keypoints",
                    tooltip="The same motion in other frames, for Draw Pose or Retarget Pose.",
                ),
                io.Int.Output(
                    "count", display_name="frames", tooltip="How many frames there are, for the batch size of a latent."
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        keypoints: Any,
        frame_rate: float = FILMED,
        new_frame_rate: float = FRAME_RATE,
        frames: int = 0,
        pingpong: bool = False,
    ) -> io.NodeOutput:
        """Put new frames between the old ones."""
        poses = parse_poses(keypoints)
        poses = retime_to_length(poses, frames) if frames else retime_to_fps(poses, frame_rate, new_frame_rate)
        poses = both_ways(poses) if pingpong else poses
        return io.NodeOutput(as_keypoints(poses), len(poses))
