"""Drawn poses in the memory of the running ComfyUI, with its progress bar."""

from collections.abc import Sequence

import comfy.model_management
import torch
from torch import Tensor

from ...motion.pose import PoseError, PoseFrame
from ...motion.pose_draw import PoseStyle, draw_poses, drawn_size
from .output import progress_reporter

FRAME_BYTES = 12
"""Of a pixel: three channels of float32."""


def draw(
    frames: Sequence[PoseFrame], style: PoseStyle, size: tuple[int, int], fit: str, background: Tensor | None
) -> Tensor:
    """See `motion.pose_draw.draw_poses`.

    Raises:
        PoseError: see there, or more pictures than memory holds.
    """
    width, height = drawn_size(frames, size, background)
    needed = len(frames) * width * height * FRAME_BYTES
    free = comfy.model_management.get_free_memory(torch.device("cpu"))
    if needed > free:
        raise PoseError(
            f"{len(frames)} pictures of {width}x{height} pixels take {needed / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free. Draw smaller ones, or fewer frames with Retime Pose."
        )
    return draw_poses(frames, style, size, fit, background, progress_reporter())
