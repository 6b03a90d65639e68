"""Batches of pictures, masks and latents: taking frames out of them, and making one of several."""

import math
import random
from typing import Any

import pytest
import torch
from kinema.motion.batches import (
    CURVES,
    SIZES,
    BatchError,
    Frames,
    Kind,
    as_frames,
    copied_bytes,
    describe_batch,
    nth_frames,
    ping_pong,
    plan_joining,
    repeated,
    split,
    taken,
)
from kinema.motion.batches.fading import shares
from torch import Tensor
from torch.nn import functional

FIRST, SECOND, SMALLER, LARGER = SIZES


def values(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def latent(*shape: int, **more: Any) -> dict[str, Any]:
    return {"samples": values(*shape), **more}


def resize(layers: Tensor, width: int, height: int) -> Tensor:
    return functional.interpolate(layers, size=(height, width), mode="nearest")


def join(*parts: Any, size: str = FIRST, overlap: int = 0, curve: str = "linear") -> Any:
    named = {str(number): as_frames(part) for number, part in enumerate(parts)}
    planned = plan_joining(named, size, overlap)
    made = planned.joined(resize, curve)
    assert made.count == planned.count
    assert made.pixels.numel() * made.pixels.element_size() == planned.needed_bytes
    return made.value


BATCHES = {
    "image": (values(9, 4, 6, 3), Kind.IMAGE, 0),
    "alpha": (values(9, 4, 6, 4), Kind.IMAGE, 0),
    "mask": (values(9, 4, 6), Kind.MASK, 0),
    "latent": (latent(9, 4, 4, 6), Kind.LATENT, 0),
    "video": (latent(1, 16, 9, 4, 6), Kind.LATENT, 2),
    "videos": (latent(2, 16, 9, 4, 6), Kind.LATENT, 2),
    "stills": (latent(9, 16, 1, 4, 6), Kind.LATENT, 0),
}


@pytest.mark.parametrize("name", BATCHES)
def test_frames_of_every_kind(name: str) -> None:
    batch, kind, axis = BATCHES[name]
    frames = as_frames(batch)
    assert (frames.kind, frames.axis, frames.count, frames.size) == (kind, axis, 9, (6, 4))
    rng = random.Random(3)
    whole = list(frames.pixels.unbind(axis))
    for _ in range(300):
        indices = [rng.randrange(9) for _ in range(rng.randint(1, 12))]
        if rng.random() < 0.5:
            start, stop, step = rng.randint(-9, 9), rng.randint(-9, 9), rng.choice([1, 2, -1, -2])
            indices = list(range(9))[start:stop:step] or [0]
        found = taken(frames, indices)
        assert torch.equal(found.pixels, torch.stack([whole[each] for each in indices], axis))
        shared = found.pixels.untyped_storage().data_ptr() == frames.pixels.untyped_storage().data_ptr()
        assert shared == (copied_bytes(frames, indices) == 0)


def test_what_lies_evenly_is_not_copied() -> None:
    frames = as_frames(values(9, 4, 6, 3))
    for indices in (range(2, 9, 3), [0, 2, 4], [5], [3, 3, 3], *split(9, -1)):
        assert copied_bytes(frames, indices) == 0
        assert taken(frames, indices).pixels.untyped_storage().data_ptr() == frames.pixels.untyped_storage().data_ptr()
    assert copied_bytes(frames, [0, 1, 3]) == 3 * 4 * 6 * 3 * 4
    assert copied_bytes(frames, range(8, -1, -1)) == 9 * 4 * 6 * 3 * 4


def test_plans() -> None:
    assert list(nth_frames(10, 3, 1)) == [1, 4, 7]
    assert [list(half) for half in split(5, 2)] == [[0, 1], [2, 3, 4]]
    assert [list(half) for half in split(5, -1)] == [[0, 1, 2, 3], [4]]
    assert list(repeated(3, 2, "whole_clip")) == [0, 1, 2, 0, 1, 2]
    assert list(repeated(3, 2, "each_frame")) == [0, 0, 1, 1, 2, 2]
    assert list(repeated(3, 1, "each_frame")) == [0, 1, 2]
    assert [list(ping_pong(count, False)) for count in (1, 2, 3, 4)] == [[0], [0, 1], [0, 1, 2, 1], [0, 1, 2, 3, 2, 1]]
    assert [list(ping_pong(count, True)) for count in (1, 3)] == [[0, 0], [0, 1, 2, 2, 1, 0]]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (lambda: nth_frames(4, 2, 4), "skip_frames is 4, but there are 4 frames. Lower it to 3 or less"),
        (lambda: split(4, 4), "4 frames split at 4 leave nothing on one side. Choose 1 to 3, or -1 to -3"),
        (lambda: split(4, -4), "leave nothing on one side"),
        (lambda: split(1, 1), "Connect more frames"),
        (lambda: repeated(1_000, 10_000, "each_frame"), "That makes 10000000 frames; 1000000 are the most"),
    ],
)
def test_plans_that_hold_nothing_or_too_much(plan: Any, words: str) -> None:
    with pytest.raises(BatchError, match=words):
        plan()


def test_masks_of_any_shape() -> None:
    assert as_frames(values(4, 6)).pixels.shape == (1, 4, 6)
    assert as_frames(values(9, 1, 40, 60)).pixels.shape == (9, 40, 60)
    assert as_frames(values(9, 1, 6, 3)).kind is Kind.IMAGE


class Nested:
    is_nested = True


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "holds neither images, masks nor a latent"),
        (3, "holds neither"),
        (torch.zeros(0, 4, 6, 3), "has no frames. Look at the node before: it gave an empty IMAGE"),
        (torch.zeros(2, 0, 6), "has frames without pixels"),
        (torch.zeros(5), "has the shape"),
        ({}, "is a latent without samples"),
        ({"samples": None}, "is a latent without samples"),
        ({"samples": Nested()}, "holds a video and its sound"),
        ({"samples": torch.zeros(1, 64, 100)}, "is no latent of pictures"),
        ({"samples": torch.zeros(1, 8, 16, 100), "type": "audio"}, "is no latent of pictures"),
        ({"samples": torch.zeros(0, 4, 8, 8)}, "has no frames"),
    ],
)
def test_what_is_no_batch_is_answered(value: Any, words: str) -> None:
    with pytest.raises(BatchError, match=f"first {words}"):
        as_frames(value, "first")


def test_latents_keep_what_they_know() -> None:
    mask = values(9, 1, 32, 48)
    whole = latent(9, 4, 4, 6, noise_mask=mask, batch_index=list(range(20, 29)), downscale_ratio_spacial=8)
    found = taken(as_frames(whole), [8, 0, 0]).value
    assert torch.equal(found["noise_mask"], mask[[8, 0, 0]])
    assert found["batch_index"] == [28, 20, 20]
    assert found["downscale_ratio_spacial"] == 8
    assert whole["batch_index"] == list(range(20, 29)), "what came in is as it was"
    assert "noise_mask" not in taken(as_frames(latent(9, 4, 4, 6)), [1]).value


@pytest.mark.parametrize(
    ("shape", "mask", "wanted"),
    [
        ((9, 4, 4, 6), (1, 1, 8, 8), None),
        ((9, 4, 4, 6), (8, 8), None),
        ((9, 4, 4, 6), (9, 8, 8), [7, 2]),
        ((9, 4, 4, 6), (4, 1, 8, 8), [3, 2]),
        ((9, 4, 4, 6), (12, 8, 8), [7, 2]),
        ((1, 16, 9, 4, 6), (9, 8, 8), [7, 2]),
        ((1, 16, 9, 4, 6), (1, 1, 9, 8, 8), [7, 2]),
        ((1, 16, 9, 4, 6), (1, 9, 8, 8), [7, 2]),
        ((9, 16, 1, 4, 6), (9, 1, 1, 8, 8), [7, 2]),
    ],
)
def test_noise_masks_follow(shape: tuple[int, ...], mask: tuple[int, ...], wanted: list[int] | None) -> None:
    masks = values(*mask)
    found = taken(as_frames(latent(*shape, noise_mask=masks)), [7, 2]).value["noise_mask"]
    if wanted is None:
        assert found is masks
    else:
        each = masks.reshape(-1, 8, 8)
        assert torch.equal(found.reshape(-1, 8, 8), each[wanted])


def test_noise_follows_its_frame_and_repeats_are_new() -> None:
    plain, known = latent(3, 4, 4, 6), latent(3, 4, 4, 6, batch_index=[5, 9, 6])
    assert taken(as_frames(plain), [2, 0]).value["batch_index"] == [2, 0]
    assert taken(as_frames(known), [2, 0]).value["batch_index"] == [6, 5]
    assert "batch_index" not in taken(as_frames(plain), repeated(3, 2, "whole_clip"), True).value
    whole = taken(as_frames(known), repeated(3, 2, "whole_clip"), True).value["batch_index"]
    each = taken(as_frames(known), repeated(3, 2, "each_frame"), True).value["batch_index"]
    assert whole == [5, 9, 6, 10, 14, 11]
    assert each == [5, 10, 9, 14, 6, 11]
    for odd in ([], "ab", 3, None, ["x"], [None, 1]):
        assert taken(as_frames(latent(3, 4, 4, 6, batch_index=odd)), [1]).value["batch_index"] == [1]
    video = latent(2, 16, 9, 4, 6, batch_index=[3, 4])
    assert taken(as_frames(video), [1]).value["batch_index"] == [3, 4], "they number videos"


@pytest.mark.parametrize("name", BATCHES)
def test_one_behind_the_other(name: str) -> None:
    batch, _, axis = BATCHES[name]
    whole = join(batch, batch, batch)
    pixels = as_frames(batch).pixels
    assert torch.equal(as_frames(whole).pixels, torch.cat([pixels] * 3, axis))


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("name", BATCHES)
def test_one_fades_into_the_other(name: str, curve: str) -> None:
    batch, _, axis = BATCHES[name]
    first = as_frames(batch).pixels.movedim(axis, 0)
    other = taken(as_frames(batch), range(8, -1, -1)).value
    second = as_frames(other).pixels.movedim(axis, 0)
    found = as_frames(join(batch, other, overlap=4, curve=curve)).pixels.movedim(axis, 0)
    assert found.shape[0] == 14
    assert torch.equal(found[:5], first[:5])
    assert torch.equal(found[9:], second[4:])
    for place in range(4):
        t = (place + 1) / 5
        share = t if curve == "linear" else 3 * t * t - 2 * t**3
        torch.testing.assert_close(found[5 + place], (1 - share) * first[5 + place] + share * second[place])


def test_shares_are_even_and_whole() -> None:
    assert shares(3, "linear").tolist() == [0.25, 0.5, 0.75]
    smooth = shares(99, "smooth")
    assert torch.all(smooth.diff() > 0)
    assert smooth[49] == 0.5
    torch.testing.assert_close(smooth + smooth.flip(0), torch.ones(99))


@pytest.mark.parametrize(
    ("rule", "wanted"), [(FIRST, (6, 4)), (SECOND, (20, 10)), (SMALLER, (3, 5)), (LARGER, (20, 10))]
)
def test_one_size(rule: str, wanted: tuple[int, int]) -> None:
    for shape in ("image", "mask", "latent", "video"):
        parts = []
        for width, height in ((6, 4), (20, 10), (3, 5)):
            sizes = {"image": (40, height, width, 3), "mask": (40, height, width), "latent": (40, 4, height, width)}
            pixels = values(*sizes.get(shape, (1, 16, 40, height, width)))
            parts.append({"samples": pixels} if shape in ("latent", "video") else pixels)
        frames = as_frames(join(*parts, size=rule))
        assert (frames.size, frames.count) == (wanted, 120)
        layers = as_frames(parts[1]).layers
        flat = resize(layers.reshape(-1, *layers.shape[-3:]), *wanted).reshape(*layers.shape[:-2], *wanted[::-1])
        assert torch.equal(frames.layers[40:80], flat)


CHANNELS = [((3, 4), 4), ((4, 3), 4), ((1, 3), 3), ((1, 4), 4), ((1, 1), 1), ((2, 3), 4), ((2, 2), 2), ((1, 2), 4)]


@pytest.mark.parametrize(("given", "wanted"), CHANNELS)
@pytest.mark.parametrize("overlap", [0, 1])
def test_colours_and_transparency(given: tuple[int, int], wanted: int, overlap: int) -> None:
    first, second = (values(2, 4, 6, channels, seed=channels) for channels in given)
    found = join(first, second, overlap=overlap)
    assert found.shape == (4 - overlap, 4, 6, wanted)
    assert torch.equal(found[0], seen(first[0], wanted))
    assert torch.equal(found[-1], seen(second[-1], wanted))


def seen(picture: Tensor, channels: int) -> Tensor:
    """The same picture, (height, width, own channels), with others."""
    own = picture.shape[-1]
    if own == channels:
        return picture
    colours = picture[..., :1].expand(4, 6, 3) if own < 3 else picture[..., :3]
    opacity = picture[..., -1:] if own in (2, 4) else torch.ones(4, 6, 1)
    return torch.cat([colours, opacity], -1)[..., :channels]


@pytest.mark.parametrize(
    ("first", "second", "overlap", "words"),
    [
        (values(2, 4, 6, 3), values(2, 4, 6), 0, "0 is of type IMAGE, but 1 of type MASK"),
        (values(2, 4, 6), latent(2, 4, 4, 6), 0, "0 is of type MASK, but 1 of type LATENT"),
        (latent(2, 4, 4, 6), latent(2, 16, 4, 6), 0, "These latents, of different models, have 4 and 16 channels"),
        (latent(2, 4, 4, 6), latent(1, 4, 3, 4, 6), 0, "These latents, of different models"),
        (latent(1, 16, 3, 4, 6), latent(2, 16, 3, 4, 6), 0, "These latents"),
        (values(2, 4, 6, 5), values(2, 4, 6, 3), 0, "These pictures have 5 and 3 channels"),
        (
            values(5, 4, 6),
            values(2, 4, 6),
            3,
            "3 frames cannot overlap: 0 has 5 and 1 has 2. Lower overlap to 2",
        ),
    ],
)
def test_what_does_not_go_together_is_answered(first: Any, second: Any, overlap: int, words: str) -> None:
    with pytest.raises(BatchError, match=words):
        join(first, second, overlap=overlap)


def test_one_frame_of_a_video_model_goes_on_with_its_clip() -> None:
    still, clip = latent(1, 16, 1, 4, 6), latent(1, 16, 5, 4, 6)
    assert join(still, clip)["samples"].shape == (1, 16, 6, 4, 6)
    assert join(still, still)["samples"].shape == (2, 16, 1, 4, 6)


def test_noise_masks_of_several() -> None:
    masked = latent(3, 4, 4, 6, noise_mask=torch.zeros(1, 1, 8, 12))
    per_frame = latent(3, 4, 4, 6, noise_mask=torch.full((3, 16, 24), 0.5))
    found = join(masked, latent(3, 4, 4, 6), per_frame)["noise_mask"]
    assert found.shape == (9, 1, 16, 24)
    assert [each.unique().tolist() for each in found] == [[0.0]] * 3 + [[1.0]] * 3 + [[0.5]] * 3
    faded = join(masked, latent(3, 4, 4, 6), overlap=1)["noise_mask"]
    assert faded.mean((1, 2, 3)).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    video = latent(1, 16, 3, 4, 6, noise_mask=torch.zeros(3, 8, 8))
    assert join(video, latent(1, 16, 2, 4, 6))["noise_mask"].shape == (1, 1, 5, 8, 8)
    still = latent(1, 16, 1, 4, 6, noise_mask=torch.zeros(1, 1, 8, 8))
    assert join(still, still)["noise_mask"].shape == (2, 1, 1, 8, 8)
    assert "noise_mask" not in join(latent(3, 4, 4, 6), latent(3, 4, 4, 6))


def test_noise_numbers_of_several() -> None:
    plain, known = latent(2, 4, 4, 6), latent(2, 4, 4, 6, batch_index=[7, 3])
    assert "batch_index" not in join(plain, plain)
    assert join(plain, known)["batch_index"] == [8, 9, 7, 3]
    assert join(known, plain, plain)["batch_index"] == [7, 3, 8, 9, 10, 11]
    assert join(known, plain, overlap=1)["batch_index"] == [7, 3, 9]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.bool, torch.uint8])
def test_number_types(dtype: torch.dtype) -> None:
    mask = (values(3, 4, 6) * 2).to(dtype)
    assert join(mask, mask).dtype == dtype
    assert torch.equal(join(mask, mask), torch.cat([mask, mask]))
    wanted = dtype if dtype.is_floating_point else torch.float32
    assert join(mask, mask, overlap=2).dtype == wanted
    assert join(mask, values(2, 8, 8)).dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert taken(as_frames(mask), [2, 0]).pixels.dtype == dtype


def test_what_is_no_number_stays_where_it_is() -> None:
    clip = values(4, 4, 6, 3)
    clip[3, 1, 1, 1] = math.nan
    assert torch.isnan(taken(as_frames(clip), [3, 1]).pixels).sum() == 1
    assert torch.isnan(join(clip, values(4, 4, 6, 3))).nonzero().tolist() == [[3, 1, 1, 1]]
    faded = join(clip, values(4, 4, 6, 3), overlap=1)
    assert torch.isnan(faded).nonzero().tolist() == [[3, 1, 1, 1]]


def test_info() -> None:
    info = describe_batch(as_frames(values(12, 4, 6, 3)), 8.0)
    assert (info.count, info.width, info.height, info.channels, info.seconds, info.kind) == (12, 6, 4, 3, 1.5, "IMAGE")
    assert info.text.splitlines() == [
        "IMAGE: 12 frames of 6 x 4 pixels, colours",
        "1.50 seconds at 8 frames per second",
        "0.0 MB as float32 on cpu",
    ]
    assert "MASK: 1 frame of 6 x 4 pixels, black and white" in describe_batch(as_frames(values(4, 6)), 8.0).text
    video = describe_batch(as_frames(latent(1, 16, 9, 4, 6)), 24.0)
    assert (video.count, video.channels, video.seconds) == (9, 16, 0.375)
    assert "LATENT: 9 frames of 6 x 4 places of a latent, 16 channels" in video.text
    assert video.text.endswith("each may decode to several pictures.")


def test_frames_name_the_device() -> None:
    frames = Frames(Kind.MASK, torch.zeros(2, 3, 4, device="meta"))
    assert taken(frames, [1, 0]).pixels.device.type == "meta"
    assert plan_joining({"a": frames, "b": frames}, FIRST).joined(resize).pixels.device.type == "meta"
