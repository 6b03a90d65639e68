"""Retime Pose."""

from typing import Any

from comfy_api.latest import io

from ...motion.pose import keypoints, parse_poses, retime_to_fps, retime_to_length
from ...motion.pose import pingpong as both_ways
from ..inputs import PoseType

RATE = {"min": 0.1, "max": 1000.0, "step": 0.1, "optional": True}


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
                PoseType.Input("pose", tooltip="The people of each frame, from Load Pose or a pose detector."),
                io.Float.Input("fps_from", default=24.0, **RATE, tooltip="Frames per second of the poses."),
                io.Float.Input(
                    "fps_to", default=8.0, **RATE, tooltip="Frames per second of the clip. It lasts as long as before."
                ),
                io.Int.Input(
                    "length",
                    default=0,
                    min=0,
                    max=10_000,
                    optional=True,
                    tooltip="If not 0, the motion is stretched to so many frames instead, whatever the frame rates.",
                ),
                io.Boolean.Input(
                    "pingpong",
                    default=False,
                    optional=True,
                    tooltip="Forwards, then backwards without the two ends twice, so that the motion can repeat. It "
                    "comes after length.",
                ),
            ],
            outputs=[
                PoseType.Output(
                    "retimed",
                    display_name="pose_keypoint",
                    tooltip="The same motion in other frames, for Draw Pose or Retarget Pose.",
                ),
                io.Int.Output(
                    "count", display_name="frames", tooltip="How many frames there are, for the batch size of a latent."
                ),
            ],
        )

    @classmethod
    def execute(
        cls, pose: Any, fps_from: float = 24.0, fps_to: float = 8.0, length: int = 0, pingpong: bool = False
    ) -> io.NodeOutput:
        """Put new frames between the old ones."""
        frames = parse_poses(pose)
        frames = retime_to_length(frames, length) if length else retime_to_fps(frames, fps_from, fps_to)
        frames = both_ways(frames) if pingpong else frames
        return io.NodeOutput(keypoints(frames), len(frames))
