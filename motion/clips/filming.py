"""What a window over pictures shows, at any place between the pixels."""

import math
from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import ClipsError
from .shots import Window

MOST_SAMPLES = 16
"""Along one side of a pixel; a picture of 8192 pixels in a clip of 512."""

AT_ONCE = 1 << 22
"""Samples that are taken together."""


def filmed(images: Tensor, windows: Sequence[Window], size: tuple[int, int]) -> Tensor:
    """Frames that show what is in windows.

    A pixel is the mean of the picture, which is linear between the middles of its pixels, at points that are spread
    evenly over the pixel's square and are not farther apart than the picture's pixels.

    Args:
        images: (frames, height, width, channels), a picture for each window, or one for all.
        size: height and width of the frames.

    Returns:
        (windows, height, width, channels) float32.

    Raises:
        ClipsError: there are neither one nor as many pictures as windows.
    """
    if images.ndim != 4 or 0 in images.shape or images.shape[0] not in (1, len(windows)):
        raise ClipsError(
            f"A shot of {len(windows)} frames needs one picture or {len(windows)}, but there are "
            f"{images.shape[0] if images.ndim == 4 else 0}."
        )
    return filmed_in_turn(images.expand(len(windows), -1, -1, -1), windows, size)


def filmed_in_turn(images: Iterable[Tensor], windows: Sequence[Window], size: tuple[int, int]) -> Tensor:
    """The same of pictures that come one after the other, so that no two of them have to be in memory.

    Args:
        images: one for each window, (height, width, channels).
    """
    # the same for all frames, so that none is sharper than the others
    samples = tuple(
        max(1, min(MOST_SAMPLES, math.ceil(max(sides) / side - 1e-6)))
        for sides, side in zip(
            ([window.height for window in windows], [window.width for window in windows]), size, strict=True
        )
    )
    return torch.stack([_shown(image, window, size, samples) for image, window in zip(images, windows, strict=True)])


def _shown(picture: Tensor, window: Window, size: tuple[int, int], samples: tuple[int, ...]) -> Tensor:
    """One frame.

    Args:
        samples: points along the height and the width of a pixel.
    """
    image = picture.float().movedim(2, 0)[None]
    frame = torch.empty((*size, picture.shape[2]), dtype=torch.float32, device=picture.device)
    fine = (size[0] * samples[0], size[1] * samples[1])
    # some rows at a time, so that memory does not grow with the size of the picture
    rows = max(1, AT_ONCE // (fine[1] * samples[0]))
    for top in range(0, size[0], rows):
        part = range(top * samples[0], min(top + rows, size[0]) * samples[0])
        places = _places(window, fine, part, (picture.shape[0], picture.shape[1])).to(picture.device)
        shown = F.grid_sample(image, places[None], mode="bilinear", padding_mode="border", align_corners=False)
        frame[top : top + rows] = F.avg_pool2d(shown, samples)[0].movedim(0, 2)
    return frame


def _places(window: Window, size: tuple[int, int], part: range, picture: tuple[int, int]) -> Tensor:
    """Where the middles of pixels are in a picture whose corners are -1 and 1.

    Args:
        size: rows and columns of pixels in the window.
        part: the rows that are asked for.

    Returns:
        (rows, columns, 2) float32, x and y.
    """
    rows, columns = (
        ((torch.arange(inside.start, inside.stop, dtype=torch.float64) + 0.5) / count - 0.5) * length
        for inside, count, length in zip((part, range(size[1])), size, (window.height, window.width), strict=True)
    )
    cos, sin = math.cos(window.angle), math.sin(window.angle)
    x = window.x + cos * columns[None] - sin * rows[:, None]
    y = window.y + sin * columns[None] + cos * rows[:, None]
    return torch.stack((x * 2 / picture[1] - 1, y * 2 / picture[0] - 1), -1).float()
