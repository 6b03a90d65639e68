"""Cameras: ``paths`` and the ``control`` that follows them."""

from comfy_api.latest import io

from .control import CameraControl
from .paths import LoadCameraPath, MakeCameraPath

NODES: list[type[io.ComfyNode]] = [MakeCameraPath, LoadCameraPath, CameraControl]
