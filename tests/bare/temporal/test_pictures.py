"""The layers of PIA and AnimateLCM-I2V that read a picture, against plain implementations."""

import pytest
import torch
import torch.nn.functional as F
from kinema.motion.formats import recognise
from kinema.motion.formats.weights import WeightFileError
from kinema.motion.temporal import (
    FIRST_LAYERS,
    FITS,
    PRESETS,
    MotionModel,
    affinities,
    fitted,
    load_motion_model,
    told_fit,
)
from torch import Tensor

from tests.harness.seeded import weights_pictures
from tests.harness.seeded.layouts import position_table, respelled
from tests.papers import temporal as reference

TINY = (32, 64, 128, 128)
PIA, LCM = weights_pictures.pia(TINY), weights_pictures.animatelcm_i2v(TINY)


def loaded(state: dict[str, Tensor]) -> MotionModel:
    recognised = recognise({key: tuple(value.shape) for key, value in state.items()}, "file")
    return load_motion_model(state, recognised, "file")


def error(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("spelling", ["original", "diffusers"])
def test_pia_is_a_convolution_of_nine_channels(spelling: str) -> None:
    layers = loaded(respelled(PIA, spelling)).picture_layers
    noisy, affinity, picture = torch.randn(5, 4, 7, 9), torch.rand(5, 1, 7, 9), torch.randn(1, 4, 7, 9)
    base, bias = torch.randn(32, 4, 3, 3), torch.randn(32)
    nine = torch.nn.Conv2d(9, 32, 3, padding=1).requires_grad_(False)
    nine.load_state_dict({"weight": torch.cat([base, PIA["conv_in.weight"][:, 4:]], dim=1), "bias": bias})
    wanted = nine(torch.cat([noisy, affinity, picture.expand(5, -1, -1, -1)], dim=1))
    found = F.conv2d(noisy, base, bias, padding=1) + layers(affinity, picture)
    assert error(found, wanted) < 1e-6
    assert error(F.conv2d(noisy, base, bias, padding=1), wanted) > 1e-2


def conv(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(x, weight, bias, padding=1)


@pytest.mark.parametrize("more", [0, 5])
@pytest.mark.parametrize("spelling", ["original", "diffusers"])
def test_what_a_first_layer_lacks_of_the_trained_one(spelling: str, more: int) -> None:
    """Whatever its own weights are, and with the channels of an inpainting model behind them."""
    layers = loaded(respelled(PIA, spelling)).picture_layers
    x, affinity, picture = torch.randn(5, 4 + more, 7, 9), torch.rand(5, 1, 7, 9), torch.randn(1, 4, 7, 9)
    own = {"input_blocks.0.0.weight": torch.randn(32, 4 + more, 3, 3), "input_blocks.0.0.bias": torch.randn(32)}
    trained = reference.with_pia(own, PIA, personalised=False)
    all_channels = torch.cat([x, affinity, picture.expand(5, -1, -1, -1)], dim=1)
    wanted = conv(all_channels, *trained.values())
    change = layers.change(*own.values())
    found = conv(x, *own.values()) + layers(affinity, picture)
    assert error(found, wanted) > 1e-2
    assert error(found + conv(x[:, :4], *change), wanted) < 1e-5


def test_the_authors_trained_layer_is_asked_for() -> None:
    """No weight says that it is of plain SD1.5."""
    assert [name for name, trained in FIRST_LAYERS.items() if trained] == ["pia"]


def ramp(height: int, width: int) -> Tensor:
    """Latents that tell their place: row in the first channel, column in the second."""
    rows = torch.arange(float(height))[:, None].expand(height, width)
    return torch.stack([rows, torch.arange(float(width)).expand(height, width)])[None]


def places(picture: Tensor) -> tuple[list[float], list[float]]:
    """The rows and the columns that are shown."""
    return picture[0, 0, :, 0].tolist(), picture[0, 1, 0].tolist()


@pytest.mark.parametrize("mode", ["bilinear", "nearest-exact"])
def test_other_proportions_in_the_same_scale(mode: str) -> None:
    """Nothing is interpolated where only places are left out or added, in the middle."""
    wide = ramp(2, 7)
    assert places(fitted(wide, (2, 3), "crop", mode)) == ([0, 1], [2, 3, 4])
    assert places(fitted(ramp(7, 2), (3, 2), "crop", mode)) == ([2, 3, 4], [0, 1])
    assert places(fitted(wide, (6, 7), "pad", mode)) == ([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 5, 6])
    assert places(fitted(ramp(2, 1), (2, 4), "pad", mode)) == ([0, 1], [0, 0, 0, 0])
    assert told_fit((2, 7), (2, 3), "crop") == ["cropped in its middle"]
    assert told_fit((2, 7), (6, 7), "pad") == ["continued at its edges"]


@pytest.mark.parametrize("fit", FITS)
def test_other_sizes_of_the_same_proportions_are_only_resized(fit: str) -> None:
    picture = torch.randn(2, 4, 6, 9)
    assert torch.equal(fitted(picture, (6, 9), fit, "bilinear"), picture)
    assert told_fit((6, 9), (6, 9), fit) == []
    for size in ((12, 18), (4, 6), (2, 3)):
        wanted = F.interpolate(picture, size, mode="bilinear", antialias=True)
        assert torch.equal(fitted(picture, size, fit, "bilinear"), wanted)
        assert told_fit((6, 9), size, fit) == ["resized"]


def test_proportions_are_kept_unless_stretched() -> None:
    """A place of the picture is as high as wide in the clip, whichever of the two is larger."""
    for own, size in (((40, 64), (64, 64)), ((96, 60), (24, 32)), ((30, 20), (64, 96)), ((64, 64), (20, 33))):
        steps = {
            fit: [torch.tensor(side).diff().median() for side in places(fitted(ramp(*own), size, fit, "bilinear"))]
            for fit in ("crop", "stretch")
        }
        down, right = steps["crop"]
        assert abs(float(down / right) - 1) < 0.04
        assert abs(float(steps["stretch"][0] / steps["stretch"][1]) - own[0] * size[1] / own[1] / size[0]) < 0.04
        assert told_fit(own, size, "crop") == ["resized", "cropped in its middle"]
        assert told_fit(own, size, "stretch") == ["resized", "its proportions change"]
        rows, columns = places(fitted(ramp(*own), size, "pad", "bilinear"))
        # all of it is there, edge to edge, but for what one place of the clip averages
        place = max(own[0] / size[0], own[1] / size[1], 1.0)
        for shown, side in ((rows, own[0]), (columns, own[1])):
            assert min(shown) < place
            assert max(shown) > side - 1 - place


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("own", "size"), [((1, 500), (64, 8)), ((500, 1), (1, 64)), ((1, 1), (9, 2))])
def test_extreme_proportions(fit: str, own: tuple[int, int], size: tuple[int, int]) -> None:
    for mode in ("bilinear", "nearest-exact"):
        found = fitted(torch.randn(1, 4, *own), size, fit, mode)
        assert found.shape == (1, 4, *size)
        assert bool(found.isfinite().all())


@pytest.mark.parametrize("size", [(16, 24), (9, 13)])
@pytest.mark.parametrize("drift", [0.0, 0.7])
def test_encoder(size: tuple[int, int], drift: float) -> None:
    layers = loaded(LCM).picture_layers
    latents = torch.randn(1 if drift else 2, 4, *size)
    table = drift * position_table(8, 32)[0, [0, 3, 7]] if drift else None
    wanted = reference.picture_encoder(latents, LCM, table)
    found = layers(latents, drift, [0, 3, 7])
    assert [feature.shape[1] for feature in found] == list(TINY)
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine.shape == theirs.shape
        assert error(mine, theirs) < 1e-5


def test_weights_are_looked_at() -> None:
    for state, key in ((PIA, "conv_in.weight"), (LCM, "img_encoder.body.3.block1.bias")):
        with pytest.raises(WeightFileError, match="NaN"):
            loaded(state | {key: torch.full_like(state[key], float("nan"))})


def test_published_affinities() -> None:
    """Of 16 frames with the picture at the first one, by the authors' table."""
    assert affinities("animation, small motion", 8, 0) == [1.0, 0.9, 0.85, 0.85, 0.85, 0.8, 0.8, 0.8]
    assert affinities("style transfer, large motion", 4, 0) == [0.5, 0.2, 0.2, 0.2]
    for name, numbers in PRESETS.items():
        assert affinities(name, len(numbers), 0) == list(numbers)
    assert affinities("custom", 3, 1) == [1.0, 1.0, 1.0]


def test_affinities_go_by_the_distance_from_the_picture() -> None:
    assert affinities("animation, medium motion", 4, 2) == [0.8, 0.8, 1.0, 0.8]
    assert affinities("animation, large motion", 4, 3) == [0.7, 0.7, 0.8, 1.0]


@pytest.mark.parametrize("frames", [1, 2, 5, 16, 17, 40])
def test_loops_come_back_in_clips_of_any_length(frames: int) -> None:
    found = affinities("loop, large motion", frames, 0)
    assert len(found) == frames
    assert found == found[::-1]
    assert found[0] == found[-1] == 1.0
    if frames >= 16:
        assert set(found[7:-7]) == {0.5}
