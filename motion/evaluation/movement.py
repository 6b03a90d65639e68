"""How much moves in a clip, how steadily, and whether it is consistent."""

import torch
from torch import Tensor

from .scores import METRICS, Score, scored
from .steps import Steps

SAME = 0.1 / 255
"""Mean difference of two frames below which one repeats the other."""
THOUSAND = 1000.0


def warping_error(steps: Steps) -> Score:
    """1000 times the mean square difference along the motion; noise of a deviation s makes about 2 s^2.

    Where nothing moves and nothing changes it is 0.
    """
    note = "0 for a still picture as well: read it beside motion magnitude"
    return scored("warping", THOUSAND * steps.errors, 1, note)


def motion_magnitude(steps: Steps) -> Score:
    """The mean length of the flow, in pixels of the clip."""
    return scored("motion", steps.forwards.norm(dim=1).mean((1, 2)) * steps.scale, first=1)


def camera_shake(steps: Steps) -> Score | None:
    """Pixels by which the picture as a whole goes to and fro, as an amplitude; None with fewer than three frames.

    A quarter of the mean change of the mean flow: of a picture that lies at +a and -a in turn that is a, of one that
    moves steadily 0.
    """
    if len(steps.forwards) < 2:
        return None
    whole = steps.forwards.mean((2, 3)) * steps.scale
    return scored("shake", (whole[1:] - whole[:-1]).norm(dim=1) / 4.0, first=1)


def frozen_frames(clip: Tensor) -> Score:
    """Of all steps the percentage in which nothing changes.

    Args:
        clip: (frames, 3, height, width) in 0..1.
    """
    return scored("frozen", 100.0 * (step_sizes(clip) < SAME).float(), first=1)


def loop_closure(clip: Tensor) -> Score:
    """100 times the mean step of the clip divided by the step from its end to its beginning, 100 at most.

    Args:
        clip: (frames, 3, height, width) in 0..1.
    """
    step = float(step_sizes(clip).mean())
    jump = float((clip[-1] - clip[0]).abs().mean())
    repeats = jump < SAME <= step
    note = "the last frame repeats the first: leave one of them out" if repeats else ""
    return Score(METRICS["loop"], 100.0 if jump <= step else 100.0 * step / jump, note=note)


def step_sizes(clip: Tensor) -> Tensor:
    """(frames - 1,) mean absolute differences of neighbours."""
    return torch.stack([(clip[n + 1] - clip[n]).abs().mean() for n in range(len(clip) - 1)])
