"""The seeded random CameraCtrl file for the mini SD1.5; `layouts_camera` makes it."""

CAMERA = "kinema_seeded_cameractrl_mini.safetensors"
