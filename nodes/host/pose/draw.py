"""Drawn poses in the memory of the running ComfyUI, with its progress bar."""

from collections.abc import Sequence

from torch import Tensor

from ....motion.pose import PoseError, PoseFrame, PoseStyle, draw_poses, drawn_size
from ..memory import shortage
from ..video import progress_reporter


def draw_clip(
    frames: Sequence[PoseFrame], style: PoseStyle, size: tuple[int, int], fit: str, background: Tensor | None
) -> Tensor:
    """See `motion.pose.draw_poses`.

    Raises:
        PoseError: see there, or more pictures than memory holds.
    """
    width, height = drawn_size(frames, size, background)
    short = shortage(len(frames), width, height)
    if short is not None:
        raise PoseError(
            f"{len(frames)} pictures of {width}x{height} pixels take {short[0]:.1f} GB of memory and "
            f"{short[1]:.1f} GB are free. Draw smaller ones, or fewer frames with Retime Pose."
        )
    return draw_poses(frames, style, size, fit, background, progress_reporter())
