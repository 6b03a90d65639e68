"""The plain reference of Animate Anyone agrees with the one of AnimateDiff, and with what its papers say."""

import functools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.harness.seeded.layouts import SMALL, motion_module
from tests.harness.seeded.layouts_character import appearance_encoder, denoising_unet, ldm_name, reference_unet, seeded
from tests.harness.seeded.layouts_guiders import (
    PAPER,
    aniportrait_guider,
    champ_guider,
    moore_guider,
    paper_guider,
    seeded_guider,
)
from tests.papers import character, guiders, temporal
from tests.papers.error import relative_error

FRAMES, HEIGHT, WIDTH = 3, 8, 16


@functools.cache
def denoiser() -> dict[str, Tensor]:
    return seeded(denoising_unet(SMALL), "denoiser")


@functools.cache
def referencer() -> dict[str, Tensor]:
    return seeded(reference_unet(SMALL), "reference")


@functools.cache
def movement() -> dict[str, Tensor]:
    return motion_module(SMALL)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def clip(frames: int = FRAMES) -> Tensor:
    return drawn(0, 1, 4, frames, HEIGHT, WIDTH)


LATENT, EMBEDDING = drawn(1, 1, 4, HEIGHT, WIDTH), drawn(2, 1, 1, 768)


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_without_a_reference_it_is_animatediff(moves: bool, dtype: torch.dtype, tolerance: float) -> None:
    state = {key: value.to(dtype) for key, value in denoiser().items()}
    motion = {key: value.to(dtype) for key, value in movement().items()} if moves else {}
    x, context = drawn(3, 2, 4, FRAMES, HEIGHT, WIDTH).to(dtype), drawn(4, 2, 5, 768).to(dtype)
    original = {ldm_name(key): value for key, value in state.items()}
    wanted = temporal.unet(x, 301.0, context, original, motion)
    assert relative_error(character.denoise(x, 301.0, context, state, motion or None), wanted) < tolerance


def test_odd_sizes() -> None:
    x = drawn(5, 1, 4, 1, 9, 13)
    assert character.denoise(x, 5.0, EMBEDDING, denoiser()).shape == x.shape


def test_banks() -> None:
    banks = character.reference_banks(LATENT, EMBEDDING, referencer())
    assert len(banks) == 16
    assert banks["down_blocks.0.attentions.0"].shape == (1, HEIGHT * WIDTH, 32)
    assert banks["mid_block.attentions.0"].shape == (1, 2, 128)
    assert banks["up_blocks.3.attentions.2"].shape == (1, HEIGHT * WIDTH, 32)
    # what lies behind the last norm is dead, so MagicAnimate's file, which ends there, says the same
    for shapes in (appearance_encoder(SMALL), denoising_unet(SMALL)):
        same = character.reference_banks(LATENT, EMBEDDING, seeded(shapes, "reference"))
        assert all(torch.equal(same[name], bank) for name, bank in banks.items())


def test_a_bank_of_its_own_tokens_changes_nothing() -> None:
    state = {key: value.double() for key, value in denoiser().items()}
    latent, context = LATENT.double(), EMBEDDING.double()
    banks = character.reference_banks(latent, context, state)
    alone = character.denoise(latent[:, :, None], 0.0, context, state)
    # a softmax over every key twice is the softmax over every key once
    assert relative_error(character.denoise(latent[:, :, None], 0.0, context, state, banks=banks), alone) < 1e-12


def test_every_bank_is_read_by_every_frame() -> None:
    banks = character.reference_banks(LATENT, EMBEDDING, referencer())
    seen = character.denoise(clip(), 500.0, EMBEDDING, denoiser(), banks=banks)
    assert relative_error(seen, character.denoise(clip(), 500.0, EMBEDDING, denoiser())) > 1e-2
    for n in range(FRAMES):
        one = character.denoise(clip()[:, :, n : n + 1], 500.0, EMBEDDING, denoiser(), banks=banks)
        assert relative_error(seen[:, :, n : n + 1], one) < 1e-5
    for name, bank in banks.items():
        changed = character.denoise(clip(), 500.0, EMBEDDING, denoiser(), banks={**banks, name: -bank})
        assert relative_error(changed, seen) > 1e-4


def test_a_reading_transformer_is_the_papers_concatenation() -> None:
    """Side by side along the width, of which the left half is kept (arXiv 2311.17117, section 3.2)."""
    name, width = "down_blocks.0.attentions.0", 32
    state = {key: value for key, value in denoiser().items() if key.startswith(name)}
    x, bank = drawn(6, 1, width, 1, 2, 3), drawn(7, 1, 6, width)
    found = character._reading_transformer(x, EMBEDDING, bank, state, name, 8)
    block = f"{name}.transformer_blocks.0"
    tokens = character._tokens(x, state, name)
    both = torch.cat([temporal.layer_norm(tokens, state, f"{block}.norm1"), bank], dim=1)
    q, k, v = (F.linear(both, state[f"{block}.attn1.to_{part}.weight"]) for part in "qkv")
    q, k, v = (t.unflatten(2, (8, 4)).transpose(1, 2) for t in (q, k, v))
    mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)[:, :6]
    y = tokens + temporal.linear(mixed, state, f"{block}.attn1.to_out.0")
    # one token of context: whatever the query, its value is what comes out
    value = F.linear(EMBEDDING, state[f"{block}.attn2.to_v.weight"])
    y = y + temporal.linear(value, state, f"{block}.attn2.to_out.0")
    y = y + temporal.geglu(temporal.layer_norm(y, state, f"{block}.norm3"), state, f"{block}.ff")
    y = y.transpose(1, 2).reshape(1, width, 1, 2, 3)
    assert relative_error(found, x + temporal.conv(y, state, f"{name}.proj_out")) < 1e-5


def test_where_guides_enter() -> None:
    state = denoiser()
    plain = character.denoise(clip(), 500.0, EMBEDDING, state)
    poses = drawn(8, FRAMES, 4, HEIGHT, WIDTH)
    found = character.denoise(clip(), 500.0, EMBEDDING, state, guide=character.Guide(latent=poses))
    assert torch.equal(found, character.denoise(clip() + poses.transpose(0, 1), 500.0, EMBEDDING, state))
    sizes = [(32, 8, 16), (32, 4, 8), (64, 2, 4), (128, 1, 2), (128, 1, 2)]
    maps = [drawn(9 + n, size[0], 1, 1).expand(FRAMES, *size) for n, size in enumerate(sizes)]
    biases = ["conv_in", *(f"down_blocks.{level}.downsamplers.0.conv" for level in range(3))]
    for n, map_ in enumerate(maps):
        given = [torch.zeros_like(other) for other in maps[:n]] + [map_]
        found = character.denoise(clip(), 500.0, EMBEDDING, state, guide=character.Guide(maps=given))
        assert relative_error(found, plain) > 1e-4
        if n < 4:
            name = f"{biases[n]}.bias"
            shifted = {**state, name: state[name] + map_[0, :, 0, 0]}
            wanted = character.denoise(clip(), 500.0, EMBEDDING, shifted)
            # the first is in the skip connection too, the others are not
            assert (relative_error(found, wanted) < 1e-5) == (n == 0)


def test_schedule() -> None:
    for betas in (character.linear_betas(), character.scaled_linear_betas()):
        assert (float(betas[0]), float(betas[-1])) == pytest.approx((0.00085, 0.012))
        alphas = character.zero_snr_alphas(betas)
        assert float(alphas[0]) == pytest.approx(1 - 0.00085)
        assert float(alphas[-1]) == 0.0
        assert (alphas.diff() < 0).all()
        assert math.isinf(float(character.sigmas(alphas)[-1]))
        # what algorithm 1 hands on is betas; their alphas are the same
        again = torch.cumprod(torch.cat([alphas[:1], alphas[1:] / alphas[:-1]]), 0)
        assert torch.allclose(again, alphas, rtol=1e-12)
    assert character.trailing(20) == list(range(999, 48, -50))
    assert character.trailing(30)[:4] == [999, 966, 932, 899]
    assert character.trailing(30)[-1] == 32


def test_windows() -> None:
    assert character.windows(24, 24, 4) == [list(range(24))]
    assert character.windows(40, 24, 4) == [list(range(24)), [*range(20, 40), *range(4)]]
    assert [w[0] for w in character.windows(41, 24, 4)] == [0, 20, 40]
    assert [w[0] for w in character.windows(44, 24, 4, closed=False)] == [0, 20]
    assert [w[0] for w in character.windows(10, 4, 1)] == [0, 3, 6, 9]
    assert character.windows(10, 4, 1)[-1] == [9, 0, 1, 2]


def test_predictions_are_averaged_apart() -> None:
    def predict(x: Tensor, timestep: int, seen: list[int]) -> character.Halves:
        return character.Halves(torch.full_like(x, float(seen[0])), x)

    x = drawn(20, 1, 4, 10, 2, 2)
    found = character.aggregate(predict, x, 5, 4, 1)
    assert torch.allclose(found.cond, x)
    assert found.uncond[0, 0, :, 0, 0].tolist() == [4.5, 4.5, 4.5, 1.5, 3.0, 3.0, 4.5, 6.0, 6.0, 7.5]


@pytest.mark.parametrize("steps", [1, 20, 30])
@pytest.mark.parametrize("strided", [False, True])
def test_sampling_finds_what_is_predicted(steps: int, strided: bool) -> None:
    alphas = character.zero_snr_alphas(character.linear_betas())
    clean, noise = drawn(21, 1, 4, 10, 2, 2).double(), drawn(22, 1, 4, 10, 2, 2).double()

    def predict(x: Tensor, timestep: int, seen: list[int]) -> character.Halves:
        alpha = alphas[timestep]
        v = (alpha.sqrt() * x - clean[:, :, seen]) / (1.0 - alpha).sqrt()
        return character.Halves(v, v)

    found = character.sample(noise, predict, alphas, steps, 3.5, window=4, overlap=1, strided=strided)
    assert relative_error(found, clean) < 1e-12


@pytest.mark.parametrize("inner", [(16, 32, 96, 256), PAPER])
@pytest.mark.parametrize("reads", [3, 1])
def test_moore(inner: tuple[int, ...], reads: int) -> None:
    state = seeded_guider(moore_guider(32, inner, reads), "pose")
    frames = drawn(23, 2, reads, 64, 128).sigmoid()
    x = F.silu(F.conv2d(frames, state["conv_in.weight"], state["conv_in.bias"], padding=1))
    for n, stride in enumerate((1, 2, 1, 2, 1, 2)):
        x = F.silu(F.conv2d(x, state[f"blocks.{n}.weight"], state[f"blocks.{n}.bias"], stride, 1))
    wanted = F.conv2d(x, state["conv_out.weight"], state["conv_out.bias"], padding=1)
    found = guiders.moore(frames, state)
    assert found.shape == (2, 32, 8, 16)
    assert relative_error(found, wanted) < 1e-6


def test_champ() -> None:
    state = seeded_guider(champ_guider(32), "pose")
    frames = drawn(24, 2, 3, 64, 128).sigmoid()
    found = guiders.champ(frames, state)
    assert found.shape == (2, 32, 8, 16)
    assert relative_error(found, guiders.moore(frames, state)) > 1e-2
    assert relative_error(found[1:], guiders.champ(frames[1:], state)) < 1e-5
    read = [key for key in state if not key.startswith("guidance_") and "attentions." not in key]
    read += [key for key in state if key.startswith("attentions.5.")]
    assert len(read) == 35
    assert torch.equal(guiders.champ(frames, {key: state[key] for key in read}), found)


def test_aniportrait() -> None:
    state = seeded_guider(aniportrait_guider(SMALL, inner=64), "pose")
    frames = drawn(25, 3, 3, 64, 128).sigmoid()
    found = guiders.aniportrait(frames, state)
    sizes = [(32, 8, 16), (32, 4, 8), (64, 2, 4), (128, 1, 2), (128, 1, 2)]
    assert [tuple(map_.shape) for map_ in found] == [(3, *size) for size in sizes]
    twice = guiders.aniportrait(torch.cat([frames, frames]), state)
    for once, both in zip(found, twice, strict=True):
        assert relative_error(torch.cat([once, once]), both) < 1e-4
    fewer = guiders.aniportrait(frames[:2], state)
    assert relative_error(fewer[0], found[0][:2]) > 1e-3
    assert relative_error(guiders.aniportrait(frames, state, raw=True)[0], found[0]) > 1e-3


def test_batch_norms_take_the_statistics_of_the_window() -> None:
    state = seeded_guider(aniportrait_guider(SMALL, inner=64), "pose")
    x = drawn(26, 3, 3, 8, 8)
    y = F.conv2d(x, state["conv_layers.0.weight"], state["conv_layers.0.bias"], padding=1)
    weight, bias = state["conv_layers.1.weight"], state["conv_layers.1.bias"]
    wanted = F.relu(F.batch_norm(y, None, None, weight, bias, training=True))
    assert relative_error(guiders._rectified(x, state, "conv_layers.0", "conv_layers.1"), wanted) < 1e-6


def test_the_papers_guider() -> None:
    state = seeded_guider(paper_guider(), "pose")
    frames = drawn(27, 2, 3, 64, 128).sigmoid()
    found = guiders.paper(frames, state)
    assert found.shape == (2, 4, 8, 16)
    assert found.std() > 0.02
    assert relative_error(found[1:], guiders.paper(frames[1:], state)) < 1e-5
