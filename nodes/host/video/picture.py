"""One decoded picture of a video, upright, cropped in its middle and resized, written where it stays."""

from typing import Any

import comfy.utils
import numpy as np
import torch
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation
from torch import Tensor

from ....motion.video import Orientation, clip_size, cover, orientation, shown_size
from .hdr import LIGHT, mapped

MATRIX_BYTES = 36
HIGH_DEFINITION = (1280, 577)
"""Width or height from which players take untagged colours for BT.709, below it for BT.601."""
BT709, UNTAGGED = 1, 2


def target_size(frame: Any, pixel_aspect: float, width: int, height: int) -> tuple[int, int]:
    """The size of the clip a frame begins; 0 follows from the other side or from the video."""
    square = shown_size(frame.width, frame.height, pixel_aspect)
    return clip_size(_orientation(frame).stored(square), width, height)


def write_picture(frame: Any, pixel_aspect: float, picture: Tensor) -> Tensor | None:
    """Write a frame in 0..1.

    Args:
        pixel_aspect: width of its pixels by their height.
        picture: (height, width, 3) float32 to write to.

    Returns:
        Its opacity, (height, width) in 0..1, None if it is opaque.
    """
    turned = _orientation(frame)
    wanted = turned.stored((picture.shape[1], picture.shape[0]))
    stored = (frame.width, frame.height)
    fit = cover(stored, shown_size(*stored, pixel_aspect), wanted)
    array = _pixels(frame, fit.width, fit.height)
    array = turned.shown(array[fit.top : fit.bottom, fit.left : fit.right])
    if array.shape[:2] == picture.shape[:2]:
        np.divide(array[..., :3], 255.0, out=picture.numpy(), dtype=np.float32)
        return None if array.shape[2] == 3 else torch.from_numpy(np.divide(array[..., 3], 255.0, dtype=np.float32))
    whole = _resized(torch.from_numpy(np.divide(array, 255.0, dtype=np.float32)), picture.shape[1], picture.shape[0])
    picture.copy_(whole[..., :3])
    return None if whole.shape[2] == 3 else whole[..., 3]


def fitted(picture: Tensor, width: int, height: int) -> Tensor:
    """A (height, width, channels) picture in 0..1 in another size, its middle cropped."""
    high, wide = picture.shape[:2]
    fit = cover((wide, high), (wide, high), (width, height))
    left, right = (side * wide // fit.width for side in (fit.left, fit.right))
    top, bottom = (side * high // fit.height for side in (fit.top, fit.bottom))
    return _resized(picture[top : max(bottom, top + 1), left : max(right, left + 1)], width, height)


def _resized(picture: Tensor, width: int, height: int) -> Tensor:
    method = "area" if width * height <= picture.shape[0] * picture.shape[1] else "bicubic"
    resized = comfy.utils.common_upscale(picture.movedim(-1, 0)[None], width, height, method, "disabled")
    return resized[0].movedim(0, -1).clamp_(0.0, 1.0)


def _orientation(frame: Any) -> Orientation:
    try:
        matrix = bytes(frame.side_data[Type.DISPLAYMATRIX])
    except KeyError:
        return Orientation()
    return orientation(np.frombuffer(matrix, np.int32).tolist()) if len(matrix) == MATRIX_BYTES else Orientation()


def _pixels(frame: Any, width: int, height: int) -> np.ndarray:
    """A view of (height, width, 3 or 4) bytes, with opacity if the frame has any."""
    transparent = frame.format.name == "pal8" or any(part.is_alpha for part in frame.format.components)
    high = frame.width >= HIGH_DEFINITION[0] or frame.height >= HIGH_DEFINITION[1]
    untagged = frame.colorspace == UNTAGGED and not frame.format.is_rgb
    bright = frame.color_trc in LIGHT and not transparent
    done = frame.reformat(
        width,
        height,
        "rgba" if transparent else "rgb48le" if bright else "rgb24",
        src_colorspace=BT709 if high and untagged else None,
        interpolation=Interpolation.AREA if (width, height) != (frame.width, frame.height) else None,
    )
    if bright:
        return mapped(done.to_ndarray(), int(frame.color_trc))
    plane, channels = done.planes[0], 4 if transparent else 3
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[:height, : width * channels].reshape(height, width, channels)
