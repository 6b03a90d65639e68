"""At which steps of a sampling the motion of Text2Video-Zero is put in."""

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import CrossFrameError


@dataclass(frozen=True)
class MotionSteps:
    """Steps of a sampling, counted from 0."""

    start: int
    """The step with which the sampling of all frames begins, at t1."""
    moved: int
    """The step at whose beginning, at t0, frame 0 is copied and moved."""


def motion_steps(timesteps: Sequence[float], t0: int, t1: int) -> MotionSteps:
    """The steps that are nearest to two timesteps.

    Where both are nearest to the same one, the copies are made one step later.

    Args:
        timesteps: at which each step begins, falling.
        t0: where frame 0 is copied.
        t1: where the sampling of all frames begins; not below ``t0``.

    Raises:
        CrossFrameError: t0 is above t1, or there are too few steps.
    """
    if t0 > t1:
        raise CrossFrameError(f"t0 is {t0}, above t1, which is {t1}. Set t0 to {t1} or lower; 881 and 941 are usual.")
    start, moved = (_nearest(timesteps, each) for each in (t1, t0))
    if t0 < t1:
        moved = max(moved, start + 1)
    if moved >= len(timesteps):
        raise CrossFrameError(
            f"With {len(timesteps)} steps there is none below t1 ({t1}) at which frames could be moved. Take more "
            "steps, or set t1 higher."
        )
    return MotionSteps(start, moved)


def _nearest(timesteps: Sequence[float], wanted: int) -> int:
    return min(range(len(timesteps)), key=lambda step: abs(timesteps[step] - wanted))
