"""The whole UNet with a motion module equals a plain implementation of the original."""

from pathlib import Path

import pytest
import torch
from comfy.patcher_extension import WrappersMP
from kinema.nodes.host.options import MOTION
from kinema.nodes.host.sampling import Call
from kinema.nodes.host.temporal import fit, runtime

from tests.harness.seeded.layouts import motion_module
from tests.papers import temporal as reference
from tests.papers.error import relative_error

from ..models import CHANNELS, TOKENS, VERSIONS, tiny_model, tiny_motion, tiny_state


@pytest.mark.parametrize("frames", [1, 7, 16, 24, 32])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-9)])
def test_unet_equals_original(tmp_path: Path, version: str, frames: int, dtype: torch.dtype, tolerance: float) -> None:
    if frames > VERSIONS[version]["positions"]:
        return  # longer than this version's position table; test_limits covers the answer
    motion = tiny_motion(tmp_path, version)
    layers = motion.model.to(dtype)
    unet = tiny_model(dtype).model.diffusion_model
    generator = torch.Generator().manual_seed(frames)
    x = torch.randn(2, 4, frames, 8, 16, generator=generator).to(dtype)
    context = torch.randn(2, TOKENS, 768, generator=generator).to(dtype)
    pooled = layers.format.pool_resnets
    options = {
        "patches": {runtime.PATCH: [((fit.ResBlock, fit.SpatialTransformer), runtime.HANDLER)]},
        "cond_or_uncond": [1, 0],
        MOTION: runtime.Runtime(
            Call(2, frames, range(frames), frames), fit.anchors_of(unet), (runtime.Layer(layers),), pooled
        ),
        "wrappers": {WrappersMP.DIFFUSION_MODEL: {MOTION: [runtime.pool_output]}},
    }
    flat = x.transpose(1, 2).flatten(0, 1)
    with torch.inference_mode():
        found = unet(
            flat, torch.full((2 * frames,), 601.0), context.repeat_interleave(frames, 0), transformer_options=options
        )
        state = {key: value.to(dtype) for key, value in tiny_state().items()}
        moving = {key: value.to(dtype) for key, value in motion_module(CHANNELS, **VERSIONS[version]).items()}
        wanted = reference.unet(x, 601, context, state, moving, pool_resnets=pooled)
    assert relative_error(found, wanted.transpose(1, 2).flatten(0, 1)) <= tolerance


def test_v1_needs_its_pooled_norms(tmp_path: Path) -> None:
    """The tolerance above would notice a UNet that forgets them."""
    x, context = torch.randn(1, 4, 8, 8, 8), torch.randn(1, TOKENS, 768)
    x += torch.arange(8)[None, None, :, None, None]
    state, moving = tiny_state(), motion_module(CHANNELS, **VERSIONS["v1"])
    pooled, per_frame = (reference.unet(x, 601, context, state, moving, pool_resnets=flag) for flag in (True, False))
    assert relative_error(per_frame, pooled) > 1e-2
