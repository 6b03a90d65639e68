"""Pictures fetched along a flow, and what differs then."""

import torch
from torch import Tensor
from torch.nn import functional

SHARE, PIXELS = 0.01, 0.5
"""Forwards and back a point may be off by this share of its way and so many square pixels, and still be the same."""


def grid(height: int, width: int, like: Tensor) -> Tensor:
    """(2, height, width): x and y of each pixel."""
    rows = torch.arange(height, dtype=like.dtype, device=like.device)
    columns = torch.arange(width, dtype=like.dtype, device=like.device)
    return torch.stack([columns.expand(height, -1), rows[:, None].expand(-1, width)])


def fetched(pictures: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """At each pixel what the picture has where the flow leads.

    Args:
        pictures: (n, channels, height, width).
        flow: (n, 2, height, width), pixels to the right and down.
        mode: of interpolation, as torch names them.
    """
    height, width = pictures.shape[2:]
    places = grid(height, width, flow) + flow
    scale = torch.tensor([max(width - 1, 1), max(height - 1, 1)], dtype=flow.dtype, device=flow.device)
    where = (2.0 * places.movedim(1, -1) / scale) - 1.0
    return functional.grid_sample(pictures, where, mode=mode, padding_mode="border", align_corners=True)


def inside(flow: Tensor) -> Tensor:
    """(n, 1, height, width): whether the flow leads to somewhere in the picture."""
    height, width = flow.shape[2:]
    x, y = (grid(height, width, flow) + flow).split(1, dim=1)
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def visible(forwards: Tensor, backwards: Tensor) -> Tensor:
    """Which pixels can still be seen in the next frame: their way there and back ends where it began.

    The rule of Sundaram et al. 2010 that Ruder et al. use (arXiv 1604.08610).

    Args:
        forwards: (n, 2, height, width) from a frame to the next.
        backwards: from the next frame to the frame.

    Returns:
        (n, 1, height, width) of truths.
    """
    back = fetched(backwards, forwards)
    off = (forwards + back).square().sum(1, keepdim=True)
    way = forwards.square().sum(1, keepdim=True) + back.square().sum(1, keepdim=True)
    return inside(forwards) & (off <= SHARE * way + PIXELS)


def warping_errors(first: Tensor, second: Tensor, forwards: Tensor, backwards: Tensor) -> Tensor:
    """Mean square difference of frames and of what became of them in the next ones (Lai et al., arXiv 1808.00449).

    Args:
        first: (n, 3, height, width) in 0..1.
        second: the frames after them.
        forwards: (n, 2, height, width) flow from the first to the second.
        backwards: flow from the second to the first.

    Returns:
        (n,): over all pixels that are still visible, 0 if none is.
    """
    seen = visible(forwards, backwards).to(first.dtype)
    squares = (first - fetched(second, forwards)).square().mean(1, keepdim=True) * seen
    return squares.sum((1, 2, 3)) / seen.sum((1, 2, 3)).clamp_min(1.0)
