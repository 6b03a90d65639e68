"""Import ComfyUI in this process, on the CPU. ``python dev.py test`` names its folder."""

import os

from tests.harness.pack import load_host

folder = os.environ.get("KINEMA_COMFYUI_FOLDER")
if folder is None:
    raise RuntimeError("KINEMA_COMFYUI_FOLDER is not set: run these tests with `python dev.py test tests/host`.")
load_host(folder, "--cpu")
