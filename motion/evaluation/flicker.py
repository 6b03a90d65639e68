"""Brightness that goes up and down."""

from torch import Tensor
from torch.nn import functional

from .pictures import brightness
from .scores import Score, scored

PARTS = 8
"""A picture is looked at in so many parts each way, too large for motion to matter much."""


def temporal_flicker(clip: Tensor) -> Score | None:
    """Amplitude of the flicker in percent of full brightness; None with fewer than three frames.

    The mean brightness of 8 x 8 parts is compared with what lies between the frame before and the one after: a quarter
    of the second difference. Of frames that are brighter and darker by a in turn that is a; of an even fade it is 0.

    Args:
        clip: (frames, 3, height, width) in 0..1.
    """
    if len(clip) < 3:
        return None
    parts = functional.adaptive_avg_pool2d(brightness(clip), PARTS)
    second = parts[:-2] - 2.0 * parts[1:-1] + parts[2:]
    return scored("flicker", 100.0 * second.abs().mean((1, 2, 3)) / 4.0, first=1)
