"""A plain second implementation of Text2Video-Zero (arXiv 2303.13439), to compare with.

Latents are (frames, channels, height, width) in the variance-preserving form of the paper.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

GRID = 512


def the_first(_frame: int) -> list[int]:
    """What a frame reads (equation 8)."""
    return [0]


def the_first_and_the_previous(frame: int) -> list[int]:
    """What a frame reads in the variant of Tune-A-Video."""
    return [0, max(frame - 1, 0)]


def warped(frame: Tensor, frames: int, dx: float, dy: float) -> Tensor:
    """Copies of a (channels, height, width) frame, each moved by its number times (dx, dy) pixels of 512.

    As the authors do it: the motion on a grid of 512 pixels, shrunk to the latent, and read there at the nearest place.
    """
    down, right = torch.meshgrid(*2 * [torch.arange(GRID, dtype=torch.float64)], indexing="ij")
    found = []
    for k in range(frames):
        at = torch.stack([right + k * dx, down + k * dy]) / GRID * 2 - 1
        at = F.interpolate(at[None], frame.shape[1:], mode="bilinear", align_corners=False)[0]
        grid = at.permute(1, 2, 0)[None]
        found.append(F.grid_sample(frame[None].double(), grid, "nearest", "reflection", align_corners=False)[0])
    return torch.stack(found).to(frame)


def ddim(x: Tensor, alphas: Sequence[float], noise: Callable[[Tensor, int], Tensor]) -> Tensor:
    """The deterministic sampler from the first of some cumulated alphas to the last.

    Args:
        noise: predicts the noise in x at the step of this number.
    """
    for step in range(len(alphas) - 1):
        here, there = alphas[step], alphas[step + 1]
        predicted = noise(x, step)
        clean = (x - (1 - here) ** 0.5 * predicted) / here**0.5
        x = there**0.5 * clean + (1 - there) ** 0.5 * predicted
    return x


def forward(x: Tensor, low: float, high: float, noise: Tensor) -> Tensor:
    """DDPM's forward process (equation 7) between two timesteps with these cumulated alphas."""
    between = high / low
    return between**0.5 * x + (1 - between) ** 0.5 * noise


def smoothed(x: Tensor, subject: Tensor, dx: float, dy: float, strength: float, wider: int) -> Tensor:
    """Background smoothing (equation 9), pixel by pixel.

    Args:
        subject: (frames, height, width) of the latents, 0 or 1.
        wider: places by which the subject is dilated on each side.
    """
    frames, _, height, width = x.shape
    mask = torch.zeros_like(subject)
    for k, row, column in subject.nonzero().tolist():
        mask[k, max(row - wider, 0) : row + wider + 1, max(column - wider, 0) : column + wider + 1] = 1
    background, moved = warped(x[0], frames, dx, dy), warped(mask[:1], frames, dx, dy)[:, 0]
    found = x.clone()
    for k in range(frames):
        for row in range(height):
            for column in range(width):
                if mask[k, row, column] == 0 and moved[k, row, column] == 0:
                    own = x[k, :, row, column]
                    found[k, :, row, column] = strength * background[k, :, row, column] + (1 - strength) * own
    return found
