"""Wire types that exist only in Kinema."""

from comfy_api.latest import io

MotionModel = io.Custom("KINEMA_MOTION_MODEL")
