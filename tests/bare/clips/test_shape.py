"""Frames in the size they are learnt in."""

import pytest
import torch
from kinema.motion.clips import ClipsError, fitted, mirrored
from torch import Tensor


def pictures(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("shape", [(64, 64), (90, 64), (64, 91), (37, 300), (300, 37), (16, 20), (33, 32), (32, 33)])
def test_squares_are_those_of_torchvision(shape: tuple[int, int]) -> None:
    from torchvision.transforms import v2

    frames = pictures(9, *shape, 3)
    crop = v2.Compose([v2.Resize(32, antialias=True), v2.CenterCrop(32)])
    assert torch.allclose(fitted(frames, (32, 32)), crop(frames.movedim(3, 1)).movedim(1, 3).clamp(0, 1), atol=1e-6)


@pytest.mark.parametrize("size", [(24, 40), (40, 24), (8, 8), (33, 17), (1, 1)])
@pytest.mark.parametrize("shape", [(50, 60), (10, 100), (24, 40), (3, 2), (1, 1)])
def test_a_size_is_filled_from_the_middle_without_deforming(shape: tuple[int, int], size: tuple[int, int]) -> None:
    rows, columns = (torch.arange(side).add(0.5).div(side) for side in shape)
    picture = torch.stack((rows[:, None].expand(shape), columns.expand(shape), torch.zeros(shape)), 2)[None]
    made = fitted(picture, size)
    assert made.shape == (1, *size, 3)
    assert made[0, :, :, :2].mean((0, 1)).sub(0.5).abs().max() <= 0.5 / min(size) + 1e-5
    if min(*shape, *size) > 2:
        down = (made[0, -1, :, 0] - made[0, 0, :, 0]).mean() * shape[0]
        across = (made[0, :, -1, 1] - made[0, :, 0, 1]).mean() * shape[1]
        if min(shape) >= max(size):
            assert float(down / (size[0] - 1)) == pytest.approx(
                float(across / (size[1] - 1)), rel=max(0.06, 1 / min(size))
            )


def test_all_kinds_of_pictures() -> None:
    frames = pictures(3, 8, 8, 3)
    assert torch.equal(fitted(frames, (8, 8)), frames), "nothing to do"
    assert torch.allclose(fitted((frames * 255).round().byte(), (8, 8)), frames, atol=0.5 / 255 + 1e-6)
    assert torch.equal(fitted(torch.cat((frames, pictures(3, 8, 8, 1)), 3), (8, 8)), frames)
    assert torch.equal(fitted(frames[..., :1], (8, 8)), frames[..., :1].expand(-1, -1, -1, 3))
    assert fitted(frames.half(), (4, 4)).dtype == torch.float32
    assert fitted(frames * 3 - 1, (4, 4)).aminmax() == (0.0, 1.0)


def test_no_frame_knows_of_another() -> None:
    frames = pictures(20, 12, 18, 3)
    assert torch.equal(fitted(frames, (8, 8))[13:14], fitted(frames[13:14], (8, 8)))


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (torch.zeros(0, 4, 4, 3), "0x4x4x3"),
        (torch.zeros(4, 4, 3), "4x4x3"),
        (torch.zeros(1, 4, 4, 2), "no pictures"),
        (torch.zeros(1, 0, 4, 3), "no pictures"),
        (torch.full((1, 4, 4, 3), float("nan")), "no numbers"),
        (torch.zeros(1, 2, 10_000, 3), "10000x2, too long a strip"),
    ],
)
def test_what_is_no_picture(frames: Tensor, words: str) -> None:
    with pytest.raises(ClipsError, match=words):
        fitted(frames, (8, 8))


def test_mirrored() -> None:
    frames = pictures(2, 3, 4, 3)
    assert torch.equal(mirrored(frames)[:, :, 0], frames[:, :, 3])
    assert torch.equal(mirrored(mirrored(frames)), frames)
