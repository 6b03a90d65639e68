"""Where each pixel goes from one frame to the next: optical flow in plain torch, without weights.

Lucas and Kanade (1981) in a window around every pixel, from coarse to fine as Bouguet has it: at each level the second
frame is fetched along the flow so far, and the rest is solved for by least squares.
"""

import torch
from torch import Tensor
from torch.nn import functional

from .warping import fetched, inside

LARGEST = 320
"""Pixels of the longer side in which motion is looked for; larger pictures are scaled down."""
SMALLEST = 12
"""Pixels of the shorter side at the top of the pyramid."""
ITERATIONS = 5
"""At each level."""
RADIUS, SIGMA = 7, 3.0
"""Of the window, in pixels."""
STIFFNESS = 1e-5
"""What is added to the squares of slopes, in brightness per pixel: where nothing is to be seen nothing moves."""
LONGEST_STEP = 2.0
"""Pixels that a flow may change by in one iteration."""
PREFILTER = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""Binomial; without it coarse levels show patterns that are not there."""


def optical_flow(first: Tensor, second: Tensor) -> Tensor:
    """The flow from one picture to another.

    Args:
        first: (n, 1, height, width) brightness in 0..1.
        second: the same shape.

    Returns:
        (n, 2, height, width): pixels to the right and down, so that ``second`` shows at a place plus its flow what
        ``first`` shows at the place. Translations of a pattern by up to a tenth of the side are found within 0.1 pixels
        in the middle of the picture, whole pixels within 0.05; near its edge, over which the pattern leaves, within 1.
    """
    pyramid = [(_smoothed(first), _smoothed(second))]
    while min(pyramid[-1][0].shape[2:]) // 2 >= SMALLEST:
        pyramid.append((_halved(pyramid[-1][0]), _halved(pyramid[-1][1])))
    coarsest = pyramid[-1][0]
    flow = coarsest.new_zeros(coarsest.shape[0], 2, *coarsest.shape[2:])
    for one, other in reversed(pyramid):
        flow = resized_flow(flow, one.shape[2], one.shape[3])
        for _ in range(ITERATIONS):
            flow = flow + _rest(one, other, flow)
    return flow


def scaled_down(pictures: Tensor) -> Tensor:
    """Pictures in which motion is looked for, `LARGEST` pixels at most."""
    height, width = pictures.shape[2:]
    scale = LARGEST / max(height, width)
    if scale >= 1.0:
        return pictures
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return functional.interpolate(pictures, size=size, mode="bilinear", antialias=True, align_corners=False)


def resized_flow(flow: Tensor, height: int, width: int) -> Tensor:
    """A flow for pictures of another size, in their pixels."""
    if flow.shape[2:] == (height, width):
        return flow
    factors = flow.new_tensor([width / flow.shape[3], height / flow.shape[2]])[:, None, None]
    return functional.interpolate(flow, size=(height, width), mode="bilinear", align_corners=False) * factors


def _rest(first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    """How the flow has to change, in the least squares of each pixel's window."""
    there = fetched(second, flow, "bicubic")
    known = inside(flow).to(first.dtype)
    x, y = (0.5 * (one + other) for one, other in zip(_slopes(first), _slopes(there), strict=True))
    change = there - first
    products = torch.cat([x * x, x * y, y * y, x * change, y * change], 1) * known
    xx, xy, yy, xt, yt = _windowed(products).split(1, 1)
    xx, yy = xx + STIFFNESS, yy + STIFFNESS
    below = xx * yy - xy * xy
    step = torch.cat([xy * yt - yy * xt, xy * xt - xx * yt], 1) / below
    return step.clamp(-LONGEST_STEP, LONGEST_STEP)


def _slopes(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Along the rows and down the columns, in brightness per pixel."""
    padded = functional.pad(pictures, (1, 1, 1, 1), mode="replicate")
    x = 0.5 * (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2])
    return x, 0.5 * (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1])


def _windowed(values: Tensor) -> Tensor:
    """Gaussian means around each pixel; beyond the edge there is nothing."""
    offsets = torch.arange(-RADIUS, RADIUS + 1, dtype=values.dtype, device=values.device)
    window = torch.exp(-0.5 * (offsets / SIGMA) ** 2)
    return _along_both(functional.pad(values, (RADIUS,) * 4), window / window.sum())


def _smoothed(pictures: Tensor) -> Tensor:
    window = pictures.new_tensor(PREFILTER)
    margin = len(PREFILTER) // 2
    return _along_both(functional.pad(pictures, (margin,) * 4, mode="replicate"), window)


def _halved(pictures: Tensor) -> Tensor:
    height, width = pictures.shape[2:]
    size = (height + 1) // 2, (width + 1) // 2
    return functional.interpolate(_smoothed(pictures), size=size, mode="bilinear", align_corners=False)


def _along_both(values: Tensor, window: Tensor) -> Tensor:
    """A window down the columns and along the rows of padded pictures."""
    flat = values.reshape(-1, 1, *values.shape[2:])
    flat = functional.conv2d(flat, window[None, None, :, None])
    flat = functional.conv2d(flat, window[None, None, None])
    return flat.reshape(*values.shape[:2], *flat.shape[2:])
