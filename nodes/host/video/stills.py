"""One picture file: its size before it is decoded, and its pixels upright, written where they stay."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ....motion.video import Orientation
from .picture import fitted

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "DIB", "TIFF", "JPEG2000", "PPM")
"""What is tried, whatever a file is called; others run programs or are no pictures."""
BY_ENDING = {".tga": "TGA"}
"""What nothing in a file tells from damage."""
LARGEST = 1 << 27
"""Pixels of a picture: a file of few bytes can claim any size."""
TURNED: Mapping[Any, Orientation] = {
    2: Orientation(flip_x=True),
    3: Orientation(flip_x=True, flip_y=True),
    4: Orientation(flip_y=True),
    5: Orientation(True),
    6: Orientation(True, flip_x=True),
    7: Orientation(True, flip_x=True, flip_y=True),
    8: Orientation(True, flip_y=True),
}
"""How cameras say in EXIF that a picture lies."""
EXIF_ORIENTATION = 0x0112
MOVING = ("GIF", "PNG", "WEBP", "AVIF")
PNG_EXIF = {"exif", "Raw profile type exif"}
DEEP_DEMUXERS = {"PNG": "png_pipe", "TIFF": "tiff_pipe"}
"""Files with 16 bits in a colour, of which Pillow keeps 8."""


class StillError(ValueError):
    """A file that cannot be read; the message is the reason, without the name."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself."""

    width: int
    height: int
    """Upright."""
    moves: bool
    """There are more pictures in it."""


def read_header(path: str) -> Header:
    """Look at the beginning of a file.

    Raises:
        StillError: it is no picture, or too large.
        OSError: it cannot be opened.
    """
    with open(path, "rb") as file, _opened(file, path) as picture:
        upright = _lies(picture).stored(picture.size)
        return Header(*upright, _moves(picture))


def read_still(path: str) -> Tensor:
    """The first picture of a file in its own size, (height, width, 3) in 0..1, without transparency.

    Raises:
        StillError: it is damaged, or no picture.
        OSError: it cannot be opened.
    """
    header = read_header(path)
    picture = np.empty((header.height, header.width, 3), np.float32)
    write_still(path, picture, np.zeros(picture.shape[:2], np.float32))
    return torch.from_numpy(picture)


def write_still(path: str, picture: np.ndarray, mask: np.ndarray) -> None:
    """Write the first picture of a file, its middle cropped if it has another shape.

    Args:
        picture: (height, width, 3) float32, gets colours in 0..1.
        mask: (height, width) float32 of zeros, gets 1 where the picture is transparent.

    Raises:
        StillError: the file is damaged.
        OSError: it cannot be opened.
    """
    array = _pixels(path)
    count = array.shape[2]
    colours = np.broadcast_to(array[..., : 3 if count > 2 else 1], (*array.shape[:2], 3))
    if colours.shape == picture.shape:
        _write(colours, picture)
    else:
        for colour in range(3):
            _write(colours[..., colour], picture[..., colour])
    if count in (2, 4):
        _write(array[..., -1], mask)
        np.subtract(1.0, mask, out=mask)


def _write(values: np.ndarray, place: np.ndarray) -> None:
    """Values in 0..1 in the size of their place: a single colour at a time if that differs, for the sake of memory."""
    most = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    if values.shape == place.shape:
        np.divide(values, most, out=place, dtype=np.float32)
        return
    whole = torch.from_numpy(np.divide(values, most, dtype=np.float32)[..., None])
    place[...] = fitted(whole, place.shape[1], place.shape[0])[..., 0].numpy()


def _opened(file: BinaryIO, path: str) -> Image.Image:
    of_name = BY_ENDING.get(os.path.splitext(path)[1].lower())
    try:
        picture = Image.open(file, formats=FORMATS if of_name is None else (*FORMATS, of_name))
    except Image.DecompressionBombError as error:
        raise StillError("it is larger than any picture of a clip; make it smaller") from error
    except Image.UnidentifiedImageError as error:
        empty = file.seek(0, 2) == 0
        raise StillError("it is empty" if empty else "it is no picture, or its beginning is damaged") from error
    except Exception as error:  # damaged files make the library raise whatever comes up
        raise StillError(str(error) or type(error).__name__) from error
    if picture.width * picture.height > LARGEST:
        raise StillError(f"it has {picture.width}x{picture.height} pixels, more than {LARGEST}; make it smaller")
    return picture


def _pixels(path: str) -> np.ndarray:
    """(height, width, 1 to 4) upright: grey or colours, then opacity if there is any."""
    with open(path, "rb") as file, _opened(file, path) as picture:
        lies = _lies(picture)
        try:
            array = _deep(file, picture)
            if array is None:
                picture.load()
                # some kinds of file are upright once they are read
                lies, array = _lies(picture), _shallow(picture)
        except Exception as error:  # see above
            raise StillError(str(error) or type(error).__name__) from error
    return lies.shown(array)


def _moves(picture: Image.Image) -> bool:
    try:
        return picture.format in MOVING and getattr(picture, "is_animated", False)
    except Exception:  # what comes after the first picture may be damaged
        return False


def _lies(picture: Image.Image) -> Orientation:
    if picture.format == "TIFF" or (
        picture.format == "PNG" and not {"exif", "Raw profile type exif"} & {*picture.info}
    ):
        # the one is turned by Pillow, the other would be decoded to look for what it has not
        return Orientation()
    try:
        return TURNED.get(picture.getexif().get(EXIF_ORIENTATION), Orientation())
    except Exception:  # what cameras and programs write there can be anything
        return Orientation()


def _deep(file: BinaryIO, picture: Image.Image) -> np.ndarray | None:
    """The colours of a picture with 16 bits in each, None if it has no more than 8 or only Pillow reads it."""
    demuxer = DEEP_DEMUXERS.get(picture.format or "")
    if demuxer is None or "16" not in _stored_as(picture):
        return None
    if picture.format == "TIFF" and picture.getexif().get(EXIF_ORIENTATION, 1) != 1:
        return None
    place = file.tell()
    file.seek(0)
    try:
        with av.open(file, "r", format=demuxer) as container:
            frame = next(container.decode(video=0))
    except (av.error.FFmpegError, StopIteration):
        # Pillow goes on where it was
        file.seek(place)
        return None
    transparent = any(part.is_alpha for part in frame.format.components)
    return frame.to_ndarray(format="rgba64le" if transparent else "rgb48le")


def _stored_as(picture: Image.Image) -> str:
    """How a file lays out its pixels, in Pillow's words, such as RGB;16B."""
    for part in getattr(picture, "tile", ()):
        layout = part[3] if isinstance(part[3], str) else (part[3] or [""])[0]
        return str(layout)
    return ""


def _shallow(picture: Image.Image) -> np.ndarray:
    if picture.mode in ("F", "I") or picture.mode.startswith("I;16"):
        array = np.nan_to_num(np.asarray(picture, dtype=np.float32))
        return np.clip(array if picture.mode == "F" else array / 65535.0, 0.0, 1.0)[..., None]
    if picture.mode not in ("L", "RGB", "RGBA", "LA") or "transparency" in picture.info:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    array = np.asarray(picture)
    return array if array.ndim == 3 else array[..., None]
