"""Wire types for which the host has no class."""

from comfy_api.latest import io

MotionModel = io.Custom("KINEMA_MOTION_MODEL")
MotionLora = io.Custom("KINEMA_MOTION_LORA")
MotionValue = io.Custom("KINEMA_MOTION_VALUE")
NoiseLayers = io.Custom("KINEMA_NOISE_LAYERS")
Pose = io.Custom("POSE_KEYPOINT")
"""People of each frame as OpenPose JSON, also of the host's SDPose nodes and of other packs."""
CameraPath = io.Custom("KINEMA_CAMERA_PATH")
