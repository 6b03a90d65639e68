"""The layers of PIA and AnimateLCM-I2V that read a picture, against plain implementations."""

import pytest
import torch
import torch.nn.functional as F
from kinema.motion.formats import recognise
from kinema.motion.formats.weights import WeightFileError
from kinema.motion.temporal import PRESETS, MotionModel, affinities, load_motion_model
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
