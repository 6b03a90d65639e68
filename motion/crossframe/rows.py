"""Which frames the frames of a clip read, where the clip may come in windows.

In the cross-frame attention of Text2Video-Zero (arXiv 2303.13439, section 3.3) every frame takes keys and values from
the first frame of the clip instead of itself; in a variant also from the frame before it, as Tune-A-Video does.
"""

from collections.abc import Sequence

FIRST_NUMBER = 0
"""The frame of the clip that all others read."""


def first_rows(numbers: Sequence[int], frames: int) -> list[int]:
    """For each row the row of the clip's first frame; where that is not among them, of the first in the row's window.

    Args:
        numbers: each row's frame number in the clip, window after window.
        frames: of one window.
    """
    if FIRST_NUMBER in numbers:
        return [list(numbers).index(FIRST_NUMBER)] * len(numbers)
    return [row - row % frames for row in range(len(numbers))]


def previous_rows(numbers: Sequence[int], frames: int) -> list[int]:
    """For each row the row before it in its window; itself for the first in a window and the first of the clip."""
    return [row if row % frames == 0 or number == FIRST_NUMBER else row - 1 for row, number in enumerate(numbers)]
