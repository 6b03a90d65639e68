"""A seeded random CameraCtrl file for the mini SD1.5."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from layouts_camera import camera_ctrl

CAMERA = "kinema_seeded_cameractrl_mini.safetensors"

__all__ = ["CAMERA", "camera_ctrl"]
