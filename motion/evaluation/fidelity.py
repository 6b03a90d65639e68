"""How close frames are to those they should be: PSNR and SSIM."""

import torch
from torch import Tensor

from .scores import Score, scored

LEAST_ERROR = 1e-10
"""Mean square error below which pictures count as the same: 100 dB."""
SIGMA, RADIUS = 1.5, 5
"""Of the Gaussian window of Wang et al. 2004, in pixels: 11 x 11."""
FIRST, SECOND = 0.01**2, 0.03**2
"""Constants of the same paper for pictures in 0..1."""


def psnr(clip: Tensor, truth: Tensor) -> Score:
    """Peak signal-to-noise ratio in dB, the mean over frames; 100 where there is no difference.

    Args:
        clip: (frames, 3, height, width) in 0..1.
        truth: the same shape.
    """
    errors = torch.stack([(one - other).double().square().mean() for one, other in zip(clip, truth, strict=True)])
    return scored("psnr", -10.0 * errors.clamp_min(LEAST_ERROR).log10())


def ssim(clip: Tensor, truth: Tensor) -> Score:
    """Structural similarity (Wang et al. 2004, "Image quality assessment"), the mean over windows, colours and frames.

    Gaussian windows that lie within the picture, and variances over the whole window, as scikit-image has them with
    ``gaussian_weights`` and without ``use_sample_covariance``. In double precision, because
    variances of even pictures are small differences.

    Args:
        clip: (frames, 3, height, width) in 0..1, 11 pixels a side at least.
        truth: the same shape.
    """
    pairs = zip(clip, truth, strict=True)
    return scored("ssim", torch.stack([_similarity(one.double(), other.double()) for one, other in pairs]))


def _similarity(first: Tensor, second: Tensor) -> Tensor:
    """Of two pictures (3, height, width)."""
    sums = torch.stack([first, second, first * first, second * second, first * second])
    one, two, one_one, two_two, one_two = _windowed(_windowed(sums, 2), 3)
    covariance = one_two - one * two
    variances = one_one - one * one + two_two - two * two
    above = (2 * one * two + FIRST) * (2 * covariance + SECOND)
    return (above / ((one * one + two * two + FIRST) * (variances + SECOND))).mean()


def _windowed(values: Tensor, axis: int) -> Tensor:
    """Gaussian means along an axis, where the window lies within it."""
    offsets = torch.arange(-RADIUS, RADIUS + 1, dtype=values.dtype)
    window = torch.exp(-0.5 * (offsets / SIGMA) ** 2)
    length = values.shape[axis] - 2 * RADIUS
    total = torch.zeros_like(values.narrow(axis, 0, length))
    for start, weight in enumerate((window / window.sum()).tolist()):
        total.add_(values.narrow(axis, start, length), alpha=weight)
    return total
