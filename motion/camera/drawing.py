"""A picture of a camera path: from above on the left, from the side on the right."""

import numpy as np
import torch
from torch import Tensor

from .paths import CameraPath

SIDE, MARGIN = 384, 40
"""Pixels of one view and the room around the path."""
BACKGROUND, FRAME = 0.08, 0.2
FIRST, LAST = torch.tensor((0.36, 0.72, 1.0)).double(), torch.tensor((1.0, 0.66, 0.3)).double()
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
    picture = np.full((SIDE, SIDE, 3), BACKGROUND, np.float32)
    picture[[0, -1]] = FRAME
    picture[:, [0, -1]] = FRAME
    low, high = path.positions.amin(0), path.positions.amax(0)
    scale = (SIDE - 2 * MARGIN) / max(float((high - low).max()), LEAST)
    flip = torch.tensor((1.0, sign), dtype=torch.float64)
    dots = (path.positions - (low + high) / 2)[:, [across, down]] * flip * scale + SIDE / 2
    looks = path.directions[:, [across, down]] * flip
    part = torch.linspace(0, 1, max(len(path), 2), dtype=torch.float64)[: len(path), None]
    colours = torch.lerp(FIRST, LAST, part)
    for step in range(LOOK):
        _paint(picture, dots + looks * step, colours * 0.6, 1)
    _paint(picture, dots, colours, 5)
    return torch.from_numpy(picture)


def _paint(picture: np.ndarray, places: Tensor, colours: Tensor, width: int) -> None:
    """Squares of a width around (x, y) places. Where they overlap the last one is seen, as numpy promises."""
    reach = torch.arange(width) - width // 2
    columns, rows = places.round().long().T[:, :, None]
    for offset in reach:
        here = (rows + offset).clamp(0, SIDE - 1), (columns + reach).clamp(0, SIDE - 1)
        picture[here[0].expand_as(here[1]).numpy(), here[1].numpy()] = colours[:, None].numpy()
