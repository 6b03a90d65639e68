"""A picture of a camera path: from above on the left, from the side on the right."""

import torch
from torch import Tensor

from .paths import CameraPath

SIDE, MARGIN = 384, 40
"""Pixels of one view and the room around the path."""
BACKGROUND, FRAME = 0.08, 0.2
FIRST, LAST = torch.tensor((0.36, 0.72, 1.0)), torch.tensor((1.0, 0.66, 0.3))
"""Colours of the first and the last frame."""
LOOK = 36
"""Length of a view direction in pixels."""
LEAST = 1.0
"""Paths shorter than this are not enlarged further."""


def draw_path(path: CameraPath) -> Tensor:
    """Draw positions as dots and view directions as lines, the first frame blue and the last one orange.

    Seen from above, ahead is up and right is right; seen from the side, ahead is right and up is up. Both are relative
    to the first camera and to the same scale.

    Returns:
        (1, height, width, 3) in 0..1.
    """
    seen = path.relative()
    views = [_view(seen, across, down, sign) for across, down, sign in ((0, 2, -1.0), (2, 1, 1.0))]
    return torch.cat(views, 1)[None]


def _view(path: CameraPath, across: int, down: int, sign: float) -> Tensor:
    picture = torch.full((SIDE, SIDE, 3), BACKGROUND)
    picture[[0, -1]] = FRAME
    picture[:, [0, -1]] = FRAME
    positions = path.positions
    low, high = positions.amin(0), positions.amax(0)
    scale = (SIDE - 2 * MARGIN) / max(float((high - low).max()), LEAST)
    flip = torch.tensor((1.0, sign), dtype=torch.float64)
    dots = (positions - (low + high) / 2)[:, [across, down]] * flip * scale + SIDE / 2
    looks = path.directions[:, [across, down]] * flip
    part = torch.linspace(0, 1, max(len(path), 2), dtype=torch.float64)[: len(path), None]
    colours = torch.lerp(FIRST.double(), LAST.double(), part)
    for step in range(LOOK):
        _paint(picture, dots + looks * step, colours * 0.6, 1)
    _paint(picture, dots, colours, 5)
    return picture


def _paint(picture: Tensor, places: Tensor, colours: Tensor, width: int) -> None:
    """Squares of a width around (x, y) places, the last on top."""
    reach = torch.arange(width) - width // 2
    rows, columns = torch.meshgrid(reach, reach, indexing="ij")
    for (x, y), colour in zip(places.round().long().tolist(), colours.float(), strict=True):
        picture[(rows + y).clamp(0, SIDE - 1), (columns + x).clamp(0, SIDE - 1)] = colour
