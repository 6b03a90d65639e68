"""All that can be measured of a clip without weights."""

from collections.abc import Callable

from torch import Tensor

from ..camera import CameraPath
from .direction import motion_direction
from .fidelity import psnr, ssim
from .flicker import temporal_flicker
from .movement import camera_shake, frozen_frames, loop_closure, motion_magnitude, warping_error
from .scores import Score
from .steps import look_at_steps


def measure_alone(
    clip: Tensor, path: CameraPath | None = None, after: Callable[[int], None] = lambda _: None
) -> list[Score]:
    """What the clip itself says.

    Args:
        clip: (frames, 3, height, width) in 0..1, two frames at least.
        path: how the camera should move, if it should.
        after: called with the number of steps that are done.
    """
    steps = look_at_steps(clip, after)
    scores = [temporal_flicker(clip), warping_error(steps), motion_magnitude(steps), camera_shake(steps)]
    scores += [frozen_frames(clip), None if path is None else motion_direction(steps, path), loop_closure(clip)]
    return [score for score in scores if score is not None]


def measure_fidelity(clip: Tensor, truth: Tensor) -> list[Score]:
    """How close the clip is to the one it should be, of the same shape."""
    return [psnr(clip, truth), ssim(clip, truth)]
