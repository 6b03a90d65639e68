"""DDIM inversion (arXiv 2010.02502, section 4.3): the noise from which a sampler makes a given clip.

The deterministic step of DDIM, backwards, as Tune-A-Video does it (arXiv 2212.11565, section 3.3). A step of the
sampler from noise level b down to a needs the noise predicted at b; on the way up only the clip at a is there, so that
is shown to the model as if it were at b. The error shrinks with the steps.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor


def ddim_inversion(
    model: Callable[..., Tensor],
    x: Tensor,
    sigmas: Tensor,
    extra_args: Mapping[str, Any] | None = None,
    callback: Callable[[dict[str, Any]], None] | None = None,
    disable: bool | None = None,
) -> Tensor:
    """The clip at the last noise level; with the signature of k-diffusion's samplers.

    Args:
        model: says what x at a noise level (one for each frame) is without its noise.
        x: the clip at the first noise level, x0 + sigma * noise.
        sigmas: rising; those of the sampling backwards, so that the first is 0.
        callback: is told of each step.
    """
    every = torch.ones_like(x[:, 0, 0, 0])
    for step, (level, after) in enumerate(pairwise(sigmas)):
        # what the model sees is x / sqrt(1 + sigma²), and that is to be the same at both noise levels
        seen = x * ((1 + after**2) / (1 + level**2)).sqrt()
        denoised = model(seen, after * every, **(extra_args or {}))
        if callback is not None:
            callback({"i": step, "x": x, "sigma": level, "sigma_hat": level, "denoised": denoised})
        x = x + (after - level) * (seen - denoised) / after
    return x


def relative_error(found: Tensor, wanted: Tensor) -> float:
    """How far a clip is from another one, as a part of that."""
    difference = torch.linalg.vector_norm(found.float() - wanted.float())
    return float(difference / torch.linalg.vector_norm(wanted.float()))
