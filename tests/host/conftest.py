"""Import ComfyUI in this process, on the CPU. ``python dev.py test`` names its folder."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.harness.pack import load_host
from tests.harness.seeded.names import CHECKPOINT

folder = os.environ.get("KINEMA_COMFYUI_FOLDER")
if folder is None:
    raise RuntimeError("KINEMA_COMFYUI_FOLDER is not set: run these tests with `python dev.py test tests/host`.")
load_host(folder, "--cpu")


@pytest.fixture(scope="session")
def checkpoint() -> tuple[Any, Any]:
    """The text encoder and the VAE of the seeded SD1.5 checkpoint."""
    import comfy.sd

    path = str(Path(os.environ["KINEMA_MODELS"]) / "checkpoints" / CHECKPOINT)
    _, clip, vae, *_ = comfy.sd.load_checkpoint_guess_config(path, output_model=False)
    return clip, vae
