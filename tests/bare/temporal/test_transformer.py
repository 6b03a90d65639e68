"""The temporal transformer equals the plain five-dimensional reference."""

import pytest
import torch
from kinema.motion.formats import recognise
from kinema.motion.temporal import Mixing, TemporalTransformer, load_motion_model
from kinema.motion.temporal.transformer import passes, sinusoidal_positions

from tests.harness.seeded.layouts import motion_module, position_table
from tests.papers import temporal as reference
from tests.papers.error import relative_error

CHANNELS = (64, 64, 128, 128)
PLACE = "down_blocks.1.motion_modules.0"


def build(dtype: torch.dtype = torch.float32, **options):
    state = {key: value.to(dtype) for key, value in motion_module(CHANNELS, **options).items()}
    recognised = recognise({key: tuple(value.shape) for key, value in state.items()}, "seeded")
    return state, load_motion_model(state, recognised, "seeded", dtype=dtype)


def clip(frames: int, dtype: torch.dtype, clips: int = 2, height: int = 6, width: int = 10) -> torch.Tensor:
    generator = torch.Generator().manual_seed(frames)
    return torch.randn(clips, 64, frames, height, width, generator=generator).to(dtype)


def flat(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).flatten(0, 1)


@pytest.mark.parametrize("frames", [1, 7, 16, 24, 32])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("pooled", [False, True])
def test_equals_reference(frames: int, dtype: torch.dtype, tolerance: float, pooled: bool) -> None:
    state, model = build(dtype)
    x = clip(frames, dtype)
    found = model.at(("input", 4))(flat(x), Mixing(frames, pool_norm=pooled))
    assert relative_error(found, flat(reference.temporal_transformer(x, state, PLACE, pooled))) < tolerance


def test_pooled_and_per_frame_norms_differ() -> None:
    _, model = build()
    x = flat(clip(16, torch.float32)) + torch.arange(32)[:, None, None, None]
    layer = model.at(("input", 4))
    assert relative_error(layer(x, Mixing(16, pool_norm=True)), layer(x, Mixing(16))) > 1e-2


def test_zero_output_projection_is_the_identity() -> None:
    _, model = build(zero_output=True)
    x = flat(clip(16, torch.float32))
    assert torch.equal(model.at(("input", 4))(x, Mixing(16)), x)


def test_input_is_left_alone() -> None:
    _, model = build()
    x = flat(clip(16, torch.float32))
    before = x.clone()
    model.at(("input", 4))(x, Mixing(16))
    assert torch.equal(x, before)


def test_clips_do_not_see_each_other() -> None:
    _, model = build()
    layer = model.at(("input", 4))
    x = flat(clip(8, torch.float32))
    assert torch.equal(layer(x, Mixing(8))[:8], layer(x[:8], Mixing(8)))


def test_scale_multiplies_the_keys() -> None:
    state, model = build()
    x = clip(16, torch.float32)
    scaled = {key: value * 1.5 if key.endswith("to_k.weight") else value for key, value in state.items()}
    wanted = flat(reference.temporal_transformer(x, scaled, PLACE))
    layer = model.at(("input", 4))
    assert relative_error(layer(flat(x), Mixing(16, scale=1.5)), wanted) < 1e-5
    per_frame = torch.full((16, 1), 1.5)
    assert relative_error(layer(flat(x), Mixing(16, scale=per_frame)), wanted) < 1e-5


def test_effect_blends_the_change() -> None:
    _, model = build()
    layer = model.at(("input", 4))
    x = flat(clip(16, torch.float32))
    change = layer(x, Mixing(16)) - x
    assert relative_error(layer(x, Mixing(16, effect=0.4)), x + 0.4 * change) < 1e-6
    pixels = torch.rand(16, 60)
    wanted = x + change * pixels.view(16, 1, 6, 10).repeat(2, 1, 1, 1)
    assert relative_error(layer(x, Mixing(16, effect=pixels)), wanted) < 1e-6


def test_channels_last_input_gives_the_same() -> None:
    _, model = build()
    layer = model.at(("input", 4))
    x = flat(clip(16, torch.float32))
    assert (
        relative_error(layer(x.contiguous(memory_format=torch.channels_last), Mixing(16)), layer(x, Mixing(16))) < 1e-6
    )


def test_position_table_is_the_published_one() -> None:
    assert torch.allclose(sinusoidal_positions(32, 320), position_table(32, 320)[0], atol=1e-6)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_passes_cover_every_pixel_once(device: str) -> None:
    seen = torch.zeros(3, 70_000)
    for clips, pixels in passes(3, 16, 70_000, 320, torch.device(device)):
        seen[clips, pixels] += 1
    assert seen.min() == 1
    assert seen.max() == 1


def test_heads_divide_the_width() -> None:
    layer = TemporalTransformer(64, 24)
    assert layer.attentions[0].heads == 8
    assert len(layer.attentions) == 2


@pytest.mark.parametrize("pooled", [False, True])
def test_pixels_stay_in_their_order_in_memory(pooled: bool) -> None:
    """Convolutions of accelerators are faster with channels last; another order would have to be copied back."""
    _, motion = build()
    layer = motion.at(("input", 1))
    assert layer is not None
    x, mixing = flat(clip(8, torch.float32)), Mixing(8, pool_norm=pooled)
    last = x.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        found = layer(last, mixing)
        assert relative_error(found, layer(x.contiguous(), mixing)) < 1e-6
    assert found.is_contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        assert layer(x.contiguous(), mixing).is_contiguous()
