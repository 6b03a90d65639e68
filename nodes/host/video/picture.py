"""One decoded picture of a video, upright, cropped in its middle and resized, written where it stays."""

import threading
from typing import Any

import comfy.utils
import numpy as np
import torch
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation, VideoReformatter
from torch import Tensor

from ....motion.video import (
    HIGH_RANGE,
    Orientation,
    clip_size,
    cover,
    inside,
    orientation,
    shown_size,
    stretch,
    tone_mapped,
)

MATRIX_BYTES = 36
HIGH_DEFINITION = (1280, 577)
"""Width or height from which players take untagged colours for BT.709, below it for BT.601."""
BT709, UNTAGGED = 1, 2


DEEP = 8
"""Bits from which on there is more to a colour than bytes can hold."""
_own = threading.local()


def target_size(frame: Any, pixel_aspect: float, width: int, height: int, multiple: int = 1) -> tuple[int, int]:
    """The size of the clip a frame begins; 0 follows from the other side or from the video."""
    return clip_size(_square(frame, pixel_aspect, lying(frame)), width, height, multiple)


def write_picture(
    frame: Any, pixel_aspect: float, picture: Tensor, turned: Orientation, fit: str = "crop"
) -> Tensor | None:
    """Write a frame in 0..1.

    Args:
        pixel_aspect: width of its pixels by their height.
        picture: (height, width, 3) float32 to write to.
        turned: how the pictures of the video lie. Each frame says so too, but one that was asked stays in memory until
            Python looks for cycles.
        fit: one of `FITS`.

    Returns:
        Its opacity, (height, width) in 0..1, None if it is opaque.
    """
    if fit != "pad":
        return _fill(frame, pixel_aspect, picture, turned, fit)
    rows, columns = inside(_square(frame, pixel_aspect, turned), (picture.shape[1], picture.shape[0]))
    if (rows.stop - rows.start, columns.stop - columns.start) == tuple(picture.shape[:2]):
        return _fill(frame, pixel_aspect, picture, turned, "stretch")
    picture.zero_()
    opacity = _fill(frame, pixel_aspect, picture[rows, columns], turned, "stretch")
    whole = torch.zeros(picture.shape[:2])
    whole[rows, columns] = 1.0 if opacity is None else opacity
    return whole


def _fill(frame: Any, pixel_aspect: float, picture: Tensor, turned: Orientation, fit: str) -> Tensor | None:
    wanted = turned.stored((picture.shape[1], picture.shape[0]))
    stored = (frame.width, frame.height)
    part = stretch(stored, wanted) if fit == "stretch" else cover(stored, shown_size(*stored, pixel_aspect), wanted)
    array = _pixels(frame, part.width, part.height)
    array = turned.shown(array[part.top : part.bottom, part.left : part.right])
    most = np.iinfo(array.dtype).max
    if array.shape[:2] == picture.shape[:2]:
        np.divide(array[..., :3], most, out=picture.numpy(), dtype=np.float32)
        opacity = None if array.shape[2] == 3 else torch.from_numpy(np.divide(array[..., 3], most, dtype=np.float32))
    else:
        whole = _resized(torch.from_numpy(np.divide(array, most, dtype=np.float32)), picture.shape[1], picture.shape[0])
        picture.copy_(whole[..., :3])
        opacity = None if whole.shape[2] == 3 else whole[..., 3]
    if frame.color_trc in HIGH_RANGE:
        picture.copy_(tone_mapped(picture, int(frame.color_trc)))
    return opacity


def fitted(picture: Tensor, width: int, height: int, fit: str = "crop") -> Tensor:
    """A (height, width, channels) picture in 0..1 in another size, a view where it has that size."""
    high, wide = picture.shape[:2]
    if (wide, high) == (width, height):
        return picture
    if fit == "pad":
        rows, columns = inside((wide, high), (width, height))
        padded = picture.new_zeros((height, width, picture.shape[2]), dtype=torch.float32)
        padded[rows, columns] = fitted(picture, columns.stop - columns.start, rows.stop - rows.start, "stretch")
        return padded
    part = (
        stretch((wide, high), (width, height))
        if fit == "stretch"
        else cover((wide, high), (wide, high), (width, height))
    )
    left, right = (side * wide // part.width for side in (part.left, part.right))
    top, bottom = (side * high // part.height for side in (part.top, part.bottom))
    return _resized(picture[top : max(bottom, top + 1), left : max(right, left + 1)].float(), width, height)


def _square(frame: Any, pixel_aspect: float, turned: Orientation) -> tuple[int, int]:
    """Width and height of a frame as it is shown, with square pixels."""
    return turned.stored(shown_size(frame.width, frame.height, pixel_aspect))


def _resized(picture: Tensor, width: int, height: int) -> Tensor:
    method = "area" if width * height <= picture.shape[0] * picture.shape[1] else "bicubic"
    resized = comfy.utils.common_upscale(picture.movedim(-1, 0)[None], width, height, method, "disabled")
    return resized[0].movedim(0, -1).clamp_(0.0, 1.0)


def lying(frame: Any) -> Orientation:
    """How a frame is laid out, and with it all of its video."""
    try:
        matrix = bytes(frame.side_data[Type.DISPLAYMATRIX])
    except KeyError:
        return Orientation()
    return orientation(np.frombuffer(matrix, np.int32).tolist()) if len(matrix) == MATRIX_BYTES else Orientation()


class Lying:
    """How the pictures of a video lie, asked of the first one alone."""

    def __init__(self) -> None:
        self._found: Orientation | None = None

    def of(self, frame: Any) -> Orientation:
        """That of any frame of it."""
        if self._found is None:
            self._found = lying(frame)
        return self._found


def _pixels(frame: Any, width: int, height: int) -> np.ndarray:
    """A view of (height, width, 3 or 4) numbers of 8 or 16 bits, with opacity if the frame has any."""
    transparent = frame.format.name == "pal8" or any(part.is_alpha for part in frame.format.components)
    deep = any(part.bits > DEEP for part in frame.format.components)
    high = frame.width >= HIGH_DEFINITION[0] or frame.height >= HIGH_DEFINITION[1]
    untagged = frame.colorspace == UNTAGGED and not frame.format.is_rgb
    if not hasattr(_own, "reformatter"):
        _own.reformatter = VideoReformatter()
    done = _own.reformatter.reformat(
        frame,
        width,
        height,
        ("rgba64le" if deep else "rgba") if transparent else ("rgb48le" if deep else "rgb24"),
        src_colorspace=BT709 if high and untagged else None,
        interpolation=Interpolation.AREA if (width, height) != (frame.width, frame.height) else None,
        threads=1,
    )
    plane: Any = done.planes[0]
    channels = 4 if transparent else 3
    rows = np.frombuffer(plane, "<u2" if deep else np.uint8).reshape(height, -1)
    return rows[:, : width * channels].reshape(height, width, channels)
