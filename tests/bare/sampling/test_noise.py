"""Noise of a clip: draws, arrangements and layers, against plain arithmetic."""

import itertools
from typing import Any

import pytest
import torch
from kinema.motion.sampling import KINDS, METHODS, SEEDS, ClipNoise, NoiseError, NoiseLayer, NoiseOptions
from kinema.motion.sampling.noise import drawn_by_frame, drawn_together, freenoise, repeated
from kinema.motion.values import Mask

SHAPE = (24, 4, 8, 8)


def randn(seed: int, *shape: int) -> torch.Tensor:
    torch.manual_seed(seed)
    return torch.randn(shape)


def layer(method: str = "normalized_sum", weight: float = 0.5, **more: Any) -> NoiseLayer:
    return NoiseLayer(NoiseOptions(seed_offset=1), method, weight, **more)


def test_comfy_seeding_is_one_draw() -> None:
    assert torch.equal(drawn_together(SHAPE, 7), randn(7, *SHAPE))


def test_auto1111_seeding_is_a_draw_for_each_frame() -> None:
    noise = drawn_by_frame(SHAPE, 7)
    for frame in range(24):
        assert torch.equal(noise[frame], randn(7 + frame, 4, 8, 8))


def test_drawing_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    wanted = torch.randn(3)
    torch.manual_seed(1)
    for seeding in ("comfy", "auto1111"):
        ClipNoise(NoiseOptions("FreeNoise", seeding), (layer(),)).made(SHAPE, 5)
    assert torch.equal(torch.randn(3), wanted)


@pytest.mark.parametrize("draw", [drawn_together, drawn_by_frame])
def test_skipped_frames(draw: Any) -> None:
    """With 10 frames skipped, a clip goes on where one of 10 frames ends."""
    assert torch.equal(draw((14, 4, 8, 8), 7, skip=10), draw(SHAPE, 7)[10:])


def test_seeds_begin_again() -> None:
    assert torch.equal(drawn_together(SHAPE, SEEDS + 3), drawn_together(SHAPE, 3))
    assert torch.equal(drawn_by_frame(SHAPE, SEEDS - 1)[1], drawn_by_frame(SHAPE, 0)[0])
    assert bool(NoiseOptions(seed_offset=-9).made(SHAPE, 0).isfinite().all())


def test_arrangements() -> None:
    noise = randn(0, *SHAPE)
    made = {kind: NoiseOptions(kind, context_length=10).made(SHAPE, 0, noise) for kind in KINDS}
    assert made["default"] is noise
    assert not made["empty"].any()
    for frame in range(24):
        assert torch.equal(made["constant"][frame], noise[0])
        assert torch.equal(made["repeated_context"][frame], noise[frame % 10])
    assert torch.equal(repeated(noise, 100), noise)


@pytest.mark.parametrize(
    ("frames", "length", "overlap"), [(40, 16, 4), (16, 16, 4), (17, 16, 15), (9, 4, 0), (8, 16, 4), (100, 24, 6)]
)
def test_freenoise_is_local_shuffles(frames: int, length: int, overlap: int) -> None:
    noise = randn(0, frames, 1, 2, 2)
    found = freenoise(noise, length, overlap, seed=3)
    assert torch.equal(found[:length], noise[:length]), "the first window keeps its noise"
    stretch = length - overlap
    for start in range(0, frames - length, stretch):
        end = min(start + stretch, frames - length)
        here, before = found[start + length : end + length], found[start:end]
        pairs = [[n for n in range(len(before)) if torch.equal(frame, before[n])] for frame in here]
        assert sorted(itertools.chain(*pairs)) == list(range(len(before))), "each frame once, in any order"
    assert torch.equal(found, freenoise(noise, length, overlap, seed=3))
    if frames > length + 4:
        assert not torch.equal(found, freenoise(noise, length, overlap, seed=4))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "empty"])
@pytest.mark.parametrize("seeding", ["comfy", "auto1111"])
def test_every_kind_is_standard_normal(kind: str, seeding: str) -> None:
    noise = NoiseOptions(kind, seeding).made((20, 4, 64, 64), 1)
    # the standard error of both is below 0.01, of constant noise too
    assert abs(float(noise.mean())) < 0.04
    assert abs(float(noise.var()) - 1.0) < 0.04


def test_only_a_plain_draw_takes_what_is_there() -> None:
    there = torch.zeros(SHAPE)
    assert NoiseOptions().made(SHAPE, 1, there) is there
    for changed in ({"seeding": "auto1111"}, {"batch_offset": 1}, {"seed_offset": 1}):
        assert bool(NoiseOptions(**changed).made(SHAPE, 1, there).any()), changed


@pytest.mark.parametrize(
    ("method", "weight", "balance", "parts"),
    [
        ("normalized_sum", 0.6, 1.0, (0.4 / 0.52**0.5, 0.6 / 0.52**0.5)),
        ("replace", 0.25, 1.0, (0.75, 0.25)),
        ("add", 2.0, 1.0, (1.0, 2.0)),
        ("add_weighted", 0.5, 0.5, (0.75, 0.5)),
    ],
)
def test_layers(method: str, weight: float, balance: float, parts: tuple[float, float]) -> None:
    under, over = randn(5, *SHAPE), randn(6, *SHAPE)
    found = ClipNoise(layers=(layer(method, weight, balance=balance),)).made(SHAPE, 5)
    torch.testing.assert_close(found, parts[0] * under + parts[1] * over)


@pytest.mark.parametrize("method", METHODS)
def test_weights_and_masks_of_nothing_and_everything(method: str) -> None:
    under = randn(5, *SHAPE)
    black, white = Mask(torch.zeros(1, 3, 5)), Mask(torch.ones(24, 3, 5))
    for nothing in (layer(method, 0.0), layer(method, 1.0, mask=black)):
        torch.testing.assert_close(ClipNoise(layers=(nothing,)).made(SHAPE, 5), under)
    full = ClipNoise(layers=(layer(method, 1.0),)).made(SHAPE, 5)
    torch.testing.assert_close(ClipNoise(layers=(layer(method, 1.0, mask=white),)).made(SHAPE, 5), full)


def test_masks_go_by_place_and_frame() -> None:
    left = torch.zeros(1, 8, 8)
    left[..., :4] = 1
    under, over = randn(5, *SHAPE), randn(6, *SHAPE)
    found = ClipNoise(layers=(layer("replace", 1.0, mask=Mask(left)),)).made(SHAPE, 5)
    assert torch.equal(found[..., :4], over[..., :4])
    assert torch.equal(found[..., 4:], under[..., 4:])
    late = torch.zeros(3, 2, 2)
    late[2] = 1
    found = ClipNoise(layers=(layer("replace", 1.0, mask=Mask(late)),)).made(SHAPE, 5)
    assert torch.equal(found[:2], under[:2])
    assert torch.equal(found[2:], over[2:]), "the last frame of a mask goes on"


def test_normalized_sums_keep_unit_variance_under_any_mask() -> None:
    ramp = torch.linspace(0, 1, 64).expand(1, 64, 64)
    noise = ClipNoise(layers=(layer(weight=1.0, mask=Mask(ramp)),)).made((40, 4, 64, 64), 5)
    columns = noise.var((0, 1, 2))
    assert float((columns - 1).abs().max()) < 0.06
    faded = ClipNoise(layers=(layer("replace", 1.0, mask=Mask(ramp)),)).made((40, 4, 64, 64), 5)
    assert float(faded.var((0, 1, 2))[31]) == pytest.approx(0.5, abs=0.05)


def test_layers_go_over_one_another_in_order_with_seeds_of_their_own() -> None:
    first = NoiseLayer(NoiseOptions(), "add", 1.0, seed=100)
    second = NoiseLayer(NoiseOptions("constant", seed_offset=2), "replace", 0.5)
    found = ClipNoise(layers=(first, second)).made(SHAPE, 5)
    wanted = 0.5 * (randn(5, *SHAPE) + randn(100, *SHAPE)) + 0.5 * randn(7, *SHAPE)[:1]
    torch.testing.assert_close(found, wanted)
    shifted = ClipNoise(layers=(first, second)).made(SHAPE, 5, shift=3)
    wanted = 0.5 * (randn(8, *SHAPE) + randn(103, *SHAPE)) + 0.5 * randn(10, *SHAPE)[:1]
    torch.testing.assert_close(shifted, wanted)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NoiseOptions("pink"), "no noise type 'pink'. Choose one of default, constant"),
        (lambda: NoiseOptions(seeding="dice"), "no seeding 'dice'"),
        (lambda: NoiseOptions(batch_offset=-1), "batch_offset is -1"),
        (lambda: NoiseOptions("repeated_context", context_length=0), "context_length is 0"),
        (lambda: NoiseOptions("FreeNoise", context_overlap=16), "leave room for 0 to 15"),
        (lambda: layer("blend"), "no method 'blend'"),
        (lambda: layer("normalized_sum", 1.5), "weight is 1.5; with normalized_sum it must lie between 0 and 1"),
        (lambda: layer("add", 10.5), "between 0 and 10"),
        (lambda: layer("replace", float("nan")), "weight is nan"),
        (lambda: layer("add_weighted", 0.5, balance=float("inf")), "balance is inf"),
    ],
)
def test_answers(make: Any, words: str) -> None:
    with pytest.raises(NoiseError, match=words):
        make()


def test_an_overlap_matters_to_freenoise_only() -> None:
    assert NoiseOptions("repeated_context", context_length=4, context_overlap=4).context_length == 4
