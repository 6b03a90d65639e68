"""Wire types that exist only in Kinema."""

from comfy_api.latest import io

MotionModel = io.Custom("KINEMA_MOTION_MODEL")
MotionLora = io.Custom("KINEMA_MOTION_LORA")
MotionValue = io.Custom("KINEMA_MOTION_VALUE")
NoiseLayers = io.Custom("KINEMA_NOISE_LAYERS")
CameraPath = io.Custom("KINEMA_CAMERA_PATH")
