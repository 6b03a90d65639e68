"""The frames of a clip from picture files, decoded several at a time into one tensor."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import comfy.model_management
import torch
from torch import Tensor

from ....motion.video import clip_size
from ..memory import shortage_of
from ..notices import notice
from .listing import PictureFile, SequenceError, readable_name
from .output import progress_reporter
from .stills import Header, StillError, read_header, write_still

Result = TypeVar("Result")
WORKERS = 4
PATIENCE = 0.25
"""Seconds after which it is looked whether the user cancelled, while a large picture is decoded."""
FRAME_BYTES, DECODED_BYTES = 16, 16
"""Of a pixel: colours and mask in float32; beside them what one picture takes while it is decoded and resized."""


@dataclass(frozen=True)
class PictureSequence:
    """Pictures that were read."""

    images: Tensor
    """(frames, height, width, 3) in 0..1."""
    mask: Tensor
    """(frames, height, width): 1 where a picture is transparent, as the host's own loaders have it."""


def read_sequence(files: Sequence[PictureFile], width: int, height: int, same_size: bool) -> PictureSequence:
    """Read pictures.

    Args:
        width, height: pixels to crop and resize to; 0 follows from the other one or from the first picture.
        same_size: refuse pictures of another size than the first one.

    Raises:
        SequenceError: a file cannot be read or has another size, or they would not fit into memory.
    """
    workers = min(WORKERS, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers, "kinema-pictures") as pool:
        headers = _all(pool, [partial(_readable, file, partial(read_header, file.path)) for file in files])
        if same_size:
            _check_sizes(files, headers)
        size = clip_size((headers[0].width, headers[0].height), width, height)
        _check_memory(headers, size, workers)
        images, mask = torch.empty(len(files), size[1], size[0], 3), torch.zeros(len(files), size[1], size[0])
        # arrays, because threads do not share the mode in which the host runs nodes
        slots = zip(files, images.numpy(), mask.numpy(), strict=True)
        work = [partial(_readable, file, partial(write_still, file.path, *slot)) for file, *slot in slots]
        _all(pool, work, progress_reporter())
    _tell(files, headers)
    return PictureSequence(images, mask)


def _readable(file: PictureFile, look: Callable[[], Result]) -> Result:
    """Say in words which file is wrong, and what to do."""
    try:
        return look()
    except StillError as error:
        reason = str(error)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise SequenceError(
        f"{readable_name(file.name)} cannot be read: {reason}. Save it again, take it out of the folder, or leave it "
        "out with pattern or skip_frames."
    )


def _all(
    pool: ThreadPoolExecutor, work: Sequence[Callable[[], Result]], report: Callable[[int, int], None] | None = None
) -> list[Result]:
    """Do everything; what is not begun is given up at the first fault, or when the user cancels."""
    futures = [pool.submit(each) for each in work]
    try:
        for number, future in enumerate(futures, 1):
            comfy.model_management.throw_exception_if_processing_interrupted()
            while not wait([future], PATIENCE).done:
                comfy.model_management.throw_exception_if_processing_interrupted()
            future.result()
            if report is not None:
                report(number, len(futures))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return [future.result() for future in futures]


def _check_sizes(files: Sequence[PictureFile], headers: Sequence[Header]) -> None:
    first = headers[0]
    for file, header in zip(files, headers, strict=True):
        if (header.width, header.height) != (first.width, first.height):
            raise SequenceError(
                f"{readable_name(file.name)} has {header.width}x{header.height} pixels, but "
                f"{readable_name(files[0].name)} has {first.width}x{first.height}. Set mixed_sizes to fit, which crops "
                "and resizes, or leave it out with pattern."
            )


def _check_memory(headers: Sequence[Header], size: tuple[int, int], workers: int) -> None:
    wide, high = size
    needed = len(headers) * wide * high * FRAME_BYTES
    largest = max(header.width * header.height for header in headers)
    short = shortage_of(needed + min(workers, len(headers)) * largest * DECODED_BYTES)
    if short is not None:
        raise SequenceError(
            f"{len(headers)} pictures of {wide}x{high} take {needed} bytes ({needed / 1e9:.1f} GB), and "
            f"{short[0] - needed / 1e9:.1f} GB more while they are decoded, but {short[1]:.1f} GB of memory are free. "
            "Set frames, width and height, or raise every_nth."
        )


def _tell(files: Sequence[PictureFile], headers: Sequence[Header]) -> None:
    sizes = Counter((header.width, header.height) for header in headers)
    others = len(headers) - sizes[headers[0].width, headers[0].height]
    if others:
        notice(f"{others} of {len(headers)} pictures have another size than the first and were fitted.")
    moving = next((file.name for file, header in zip(files, headers, strict=True) if header.moves), None)
    if moving is not None:
        notice(f"{readable_name(moving)[:30]} moves; only its first picture was taken.")
