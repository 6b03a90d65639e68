"""What Motion Model Info says about a file."""

import pytest
import torch
from kinema.motion.formats import recognise
from kinema.motion.temporal import describe, load_motion_model
from kinema.motion.temporal.info import WIDTH

from tests.harness.seeded.layouts import image_unet, motion_module

TINY, TINY_XL = (32, 32, 64, 64), (32, 64, 64)
RETRAINED = "AnimateDiff v2, retrained"
WHOLE = {
    "v3": (
        motion_module(TINY, mid=False),
        """\
file:                  v3.safetensors
version:               AnimateDiff v3
image model:           SD1.5
frames at once:        up to 32, trained on 16
beta schedule:         sqrt_linear (AnimateDiff)
norms over all frames: none
file layout:           original, position tables from the file
""",
    ),
    "AnimateLCM": (
        motion_module(TINY, positions=None),
        """\
file:                  AnimateLCM.safetensors
version:               AnimateLCM
image model:           SD1.5
frames at once:        up to 64, trained on 16
beta schedule:         lcm sqrt_linear (AnimateLCM)
norms over all frames: none
file layout:           original, position tables rebuilt because the file has
                       none
advice:                Load AnimateLCM_sd15_t2v_lora on the image model as well;
""",
    ),
    "retrained": (
        motion_module(TINY, positions=None)
        | {key: torch.zeros(shape) for key, shape in image_unet(TINY, context=32).items()},
        """\
file:                  retrained.safetensors
version:               AnimateDiff v2, retrained
image model:           SD1.5
frames at once:        up to 32, trained on 16
beta schedule:         sqrt_linear (AnimateDiff)
norms over all frames: none
file layout:           original, position tables rebuilt because the file has
                       none
not used:              684 tensors of an image model; the image comes from your
                       checkpoint
""",
    ),
    "SDXL": (
        motion_module(TINY_XL, mid=False),
        """\
file:                  SDXL.safetensors
version:               AnimateDiff SDXL beta
image model:           SDXL
frames at once:        up to 32, trained on 16
beta schedule:         linear (AnimateDiff-SDXL)
norms over all frames: the motion module
file layout:           original, position tables from the file
""",
    ),
}


def told(name: str, dtype: torch.dtype = torch.float32) -> str:
    state = WHOLE[name][0]
    recognised = recognise({key: tuple(value.shape) for key, value in state.items()}, name)
    return describe(load_motion_model(state, recognised, name, dtype=dtype), f"{name}.safetensors")


@pytest.mark.parametrize("name", WHOLE)
def test_every_line(name: str) -> None:
    text = told(name)
    assert text.startswith(WHOLE[name][1])
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert text.splitlines()[-1].startswith("weights:")


def test_weights_are_counted() -> None:
    state = WHOLE["v3"][0]
    numbers = sum(value.numel() for value in state.values())
    for dtype, size in ((torch.float16, 2), (torch.float32, 4)):
        line = told("v3", dtype).splitlines()[-1].split(":", 1)[1].strip()
        kind = str(dtype).removeprefix("torch.")
        assert line == f"{numbers / 1e6:.1f} million, held as {kind}, {numbers * size / 1e6:.0f} MB"
