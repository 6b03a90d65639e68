"""The distance of two sets of features, each taken for a normal distribution (Fréchet distance, arXiv 1812.01717)."""

import torch
from torch import Tensor

from .errors import EvaluationError

LEAST = 2
"""Features of each set, because one alone has no spread."""


def frechet_distance(first: Tensor, second: Tensor) -> float:
    r"""Squared distance of the means, and of the square roots of the covariances.

    With centred features X and Y divided by the root of their number less one, the covariances are X^T X and Y^T Y, and
    the trace of the root of their product is the sum of the singular values of X Y^T. No root of a matrix is needed,
    which would be singular with fewer clips than features.

    Args:
        first: (clips, features).
        second: (clips, features); it may be another number of clips.

    Raises:
        EvaluationError: fewer than two clips, features that do not belong together or are not all numbers.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise EvaluationError(
            f"Features of shape {tuple(first.shape)} and {tuple(second.shape)} cannot be compared: both have to be "
            "(clips, features)."
        )
    if min(first.shape[0], second.shape[0]) < LEAST:
        raise EvaluationError(
            f"A Frechet distance needs {LEAST} pieces on each side; there are {first.shape[0]} and {second.shape[0]}. "
            "Connect longer clips, or lower fvd_window."
        )
    first, second = first.double(), second.double()
    if not bool(first.isfinite().all() and second.isfinite().all()):
        raise EvaluationError("The features of a clip are NaN or infinity: the file of the feature network is damaged.")
    means = (first.mean(0) - second.mean(0)).square().sum()
    one, other = _root(first), _root(second)
    shared = torch.linalg.svdvals(one @ other.T).sum()
    distance = means + one.square().sum() + other.square().sum() - 2.0 * shared
    return max(0.0, float(distance))


def _root(features: Tensor) -> Tensor:
    """A matrix R with R^T R the covariance, of as few rows as there can be."""
    centred = (features - features.mean(0)) / (features.shape[0] - 1) ** 0.5
    return torch.linalg.qr(centred, mode="r").R if centred.shape[0] > centred.shape[1] else centred
