"""Values against closed forms, plain implementations and other libraries."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
import torchmetrics.functional.image as other_metrics
from kinema.motion.evaluation import (
    EvaluationError,
    as_pictures,
    check_alike,
    domain_similarity,
    frame_smoothness,
    frechet_distance,
    psnr,
    ssim,
    text_alignment,
)
from skimage import metrics

from .clips import blurred, noisy, panning


def test_cosines_of_known_angles() -> None:
    angles = torch.tensor([0.0, 0.3, 0.5, 1.0])
    frames = torch.stack([angles.cos(), angles.sin()], 1) * torch.tensor([1.0, 2.0, 3.0, 0.1])[:, None]
    text = torch.tensor([5.0, 0.0])
    assert text_alignment(frames, text).value == pytest.approx(100 * float(angles.cos().mean()), abs=1e-5)
    smooth = frame_smoothness(frames)
    assert smooth.value == pytest.approx(100 * float(angles.diff().cos().mean()), abs=1e-5)
    assert (len(smooth.curve), smooth.first) == (3, 1)
    both = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    wanted = 100 * float((angles.cos() + angles.sin()).mean()) / 2
    assert domain_similarity(frames, both).value == pytest.approx(wanted, abs=1e-5)
    # the same directions the other way
    assert text_alignment(-frames, text).value == pytest.approx(-text_alignment(frames, text).value)


def test_embeddings_that_do_not_belong_together() -> None:
    with pytest.raises(EvaluationError, match="pictures as 768 numbers and texts as 1280.*one CLIP"):
        text_alignment(torch.ones(2, 768), torch.ones(1280))
    for broken in (torch.zeros(2, 4), torch.full((2, 4), float("nan"))):
        with pytest.raises(EvaluationError, match="The clip became NaN, infinity or nothing"):
            frame_smoothness(broken)


def test_psnr_is_the_logarithm_of_the_error() -> None:
    clip = torch.full((3, 3, 16, 16), 0.5)
    assert psnr(clip, clip + 0.1).value == pytest.approx(20.0, abs=1e-5)
    assert psnr(clip, clip).value == 100.0
    offsets = torch.tensor([0.1, 0.01, 0.001])[:, None, None, None]
    assert psnr(clip, clip + offsets).curve == pytest.approx((20.0, 40.0, 60.0), abs=1e-2)


def test_ssim_of_even_pictures_is_their_closed_form() -> None:
    one, other = torch.full((2, 3, 16, 16), 0.4), torch.full((2, 3, 16, 16), 0.6)
    assert ssim(one, other).value == pytest.approx((2 * 0.24 + 1e-4) / (0.16 + 0.36 + 1e-4), abs=1e-6)
    assert ssim(one, one).value == pytest.approx(1.0, abs=1e-12)


def test_ssim_is_what_the_paper_says_window_by_window() -> None:
    clip = panning(1)[:, :, :20, :24]
    other = noisy(clip, 0.1)
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()
    found = []
    for first, second in zip(clip[0].double().numpy(), other[0].double().numpy(), strict=True):
        for top in range(20 - 10):
            for left in range(24 - 10):
                one, two = (each[top : top + 11, left : left + 11] for each in (first, second))
                mean, mean_two = (weights * one).sum(), (weights * two).sum()
                spread, spread_two = (weights * (one - mean) ** 2).sum(), (weights * (two - mean_two) ** 2).sum()
                both = (weights * (one - mean) * (two - mean_two)).sum()
                above = (2 * mean * mean_two + 1e-4) * (2 * both + 9e-4)
                found.append(above / ((mean**2 + mean_two**2 + 1e-4) * (spread + spread_two + 9e-4)))
    assert ssim(clip, other).value == pytest.approx(np.mean(found), abs=1e-9)


def test_ssim_is_that_of_scikit_image() -> None:
    clip = panning(2)
    other = noisy(clip, 0.1)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    wanted = [
        metrics.structural_similarity(one.numpy(), two.numpy(), channel_axis=0, **settings)
        for one, two in zip(clip, other, strict=True)
    ]
    assert ssim(clip, other).curve == pytest.approx(wanted, abs=1e-5)
    pairs = zip(clip.numpy(), other.numpy(), strict=True)
    wanted = [metrics.peak_signal_noise_ratio(one, two, data_range=1.0) for one, two in pairs]
    assert psnr(clip, other).curve == pytest.approx(wanted, abs=1e-5)


def test_psnr_is_that_of_torchmetrics() -> None:
    """Its SSIM also has windows that reach over the edge, and is another one by about 0.01."""
    clip = panning(2)
    other = noisy(clip, 0.1)
    wanted = other_metrics.peak_signal_noise_ratio(other, clip, data_range=1.0, reduction="none", dim=(1, 2, 3))
    assert psnr(clip, other).curve == pytest.approx(wanted.tolist(), abs=1e-4)


def test_noise_and_blur_are_told_apart_in_order() -> None:
    clip = panning(2)
    for worse in ([noisy(clip, each) for each in (0.01, 0.05, 0.2)], [blurred(clip, each) for each in (1, 2, 4)]):
        for metric in (psnr, ssim):
            values = [metric(each, clip).value for each in (clip, *worse)]
            assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(("many", "few", "width"), [(40, 30, 6), (5, 4, 12), (3, 90, 12)])
def test_the_frechet_distance_is_that_of_scipy(many: int, few: int, width: int) -> None:
    generator = np.random.default_rng(3)
    mixing = generator.normal(size=(width, width))
    first, second = generator.normal(size=(many, width)) @ mixing, generator.normal(size=(few, width)) * 0.7 + 0.5
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = scipy.linalg.sqrtm(one @ two)
    if min(many, few) <= width:
        # SciPy's root of a singular matrix is not good to 1e-6; that of a symmetric one is
        values, vectors = np.linalg.eigh(one)
        half = vectors @ np.diag(np.sqrt(values.clip(0))) @ vectors.T
        root = np.diag(np.sqrt(np.linalg.eigvalsh(half @ two @ half).clip(0)))
    wanted = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(one + two) - 2 * np.trace(root).real
    found = frechet_distance(torch.from_numpy(first), torch.from_numpy(second))
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_the_frechet_distance_has_a_closed_form() -> None:
    first = torch.randn(6, 400, generator=torch.Generator().manual_seed(1)).double()
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(first, first + 0.5) == pytest.approx(400 * 0.25, rel=1e-9)
    spread = float(first.var(0).sum())
    centred = first - first.mean(0)
    assert frechet_distance(centred, 3 * centred) == pytest.approx(4 * spread, rel=1e-9)


def test_features_without_a_distance() -> None:
    with pytest.raises(EvaluationError, match="needs 2 pieces on each side; there are 1 and 3"):
        frechet_distance(torch.ones(1, 4), torch.ones(3, 4))
    with pytest.raises(EvaluationError, match="cannot be compared"):
        frechet_distance(torch.ones(3, 4), torch.ones(3, 5))
    with pytest.raises(EvaluationError, match="NaN"):
        frechet_distance(torch.full((3, 4), math.nan), torch.ones(3, 4))


def test_what_can_be_measured() -> None:
    images = torch.rand(4, 16, 24, 4)
    assert as_pictures(images, "clip").shape == (4, 3, 16, 24)
    torch.testing.assert_close(as_pictures(images[..., :1], "clip")[:, 2], images[..., 0])
    with pytest.raises(EvaluationError, match="clip is one frame; a clip has 2 at least"):
        as_pictures(images[:1], "clip", 2)
    with pytest.raises(EvaluationError, match="clip has no frames"):
        as_pictures(images[:0], "clip")
    with pytest.raises(EvaluationError, match="pictures of 24 x 8; 16 pixels a side"):
        as_pictures(images[:, :8], "clip")
    with pytest.raises(EvaluationError, match="holds no pictures"):
        as_pictures("clip", "clip")
    images[2, 3, 4, 0] = math.nan
    with pytest.raises(EvaluationError, match="Frame 2 of clip holds values that are no numbers"):
        as_pictures(images, "clip")


def test_what_can_be_compared() -> None:
    clip = torch.rand(4, 3, 16, 24)
    check_alike(clip, clip, "ground_truth")
    with pytest.raises(EvaluationError, match="The clip has 4 frames and ground_truth 3.*Select Frames"):
        check_alike(clip, clip[:3], "ground_truth")
    with pytest.raises(EvaluationError, match="pictures of 24 x 16 and ground_truth of 16 x 16"):
        check_alike(clip, clip[..., :16], "ground_truth")
