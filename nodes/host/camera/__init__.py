"""``camera`` steers a motion model along a path, with CameraCtrl."""

from .camera import Camera, CameraWeights

__all__ = ["Camera", "CameraWeights"]
