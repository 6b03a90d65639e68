"""A picture of context windows, so that people can look instead of guess."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .plan import Window

ROW, GAP, WIDTH = 6, 4, 960
"""Pixels: height of a window's row, distance between steps, least width of the picture."""
COLOURS = ((0.36, 0.72, 1.0), (1.0, 0.66, 0.3), (0.5, 0.9, 0.5), (0.95, 0.5, 0.85))
"""Windows that follow one another differ in colour."""
BACKGROUND, EMPTY = 0.08, 0.16


def draw_plan(frames: int, steps: Sequence[Sequence[Window]]) -> Tensor:
    """Draw windows: frames from left to right, a row for each window, one step below the other.

    The brightness is the window's share of the frame.

    Args:
        frames: length of the clip.
        steps: the windows of each step.

    Returns:
        (1, height, width, 3) in 0..1.
    """
    column = max(1, -(-WIDTH // frames))
    rows: list[Tensor] = []
    for windows in steps:
        for number, window in enumerate(windows):
            row = torch.full((frames, 3), EMPTY)
            colour = torch.tensor(COLOURS[number % len(COLOURS)])
            shares = torch.tensor(window.weights)[:, None]
            row[list(window.frames)] = EMPTY + (colour - EMPTY) * (0.25 + 0.75 * shares)
            rows.append(row.repeat_interleave(column, 0).expand(ROW, -1, -1))
            rows.append(torch.full((1, frames * column, 3), BACKGROUND))
        rows.append(torch.full((GAP, frames * column, 3), BACKGROUND))
    return torch.cat(rows)[None].clamp(0, 1)
