"""Wire types for which the host has no class."""

from comfy_api.latest import io

MotionModelType = io.Custom("KINEMA_MOTION_MODEL")
MotionLoraType = io.Custom("KINEMA_MOTION_LORA")
MotionValueType = io.Custom("KINEMA_MOTION_VALUE")
NoiseLayersType = io.Custom("KINEMA_NOISE_LAYERS")
PoseType = io.Custom("POSE_KEYPOINT")
"""People of each frame as OpenPose JSON, also of the host's SDPose nodes and of other packs."""
CameraPathType = io.Custom("KINEMA_CAMERA_PATH")
AnimateAnyoneType = io.Custom("KINEMA_ANIMATE_ANYONE")
ResultType = io.Custom("KINEMA_RESULT")
"""What was measured of a clip; `Result` of motion/evaluation."""
ReferencePictureType = io.Custom("KINEMA_REFERENCE_PICTURE")
PoseGuideType = io.Custom("KINEMA_POSE_GUIDE")
PiecesType = io.Custom("KINEMA_PIECES")
ClipsType = io.Custom("KINEMA_CLIPS")
"""Clips with captions, not read yet; `Clips` of nodes/host/clips."""
TrainingClipsType = io.Custom("KINEMA_TRAINING_CLIPS")
"""Clips whose latents and texts are on the disk; `TrainingClips` of nodes/host/clips."""
TrainingSettingsType = io.Custom("KINEMA_TRAINING_SETTINGS")
"""How a training goes; `Options` of nodes/host/training."""
