"""Adjust a motion module's position tables: stretch them, skip rows, cap them.

Every adjustment takes weighted sums of rows, so that all of them together are one small matrix, and the table of the
loaded module stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


class PositionError(ValueError):
    """An adjustment leaves no table to use; the message says which one and why."""


@dataclass(frozen=True)
class PositionAdjustment:
    """What is done to a table, in this order; 0 leaves a step out."""

    stretch: int = 0
    """Interpolate to that many rows more."""
    skip_first: int = 0
    """Drop so many rows at the start."""
    cap: int = 0
    """Keep so many rows."""
    interpolate_to: int = 0
    """Interpolate to so many rows. After a cap this spreads a well trained range over more frames ("sweetspot")."""
    skip_after: int = 0
    """Drop so many rows at the start of what came out."""

    def of(self, table: Tensor) -> Tensor:
        """(rows, channels) to (rows that come out, channels).

        Raises:
            PositionError: more rows are skipped or kept than there are.
        """
        if self.stretch:
            table = interpolated(table, table.shape[0] + self.stretch)
        table = _skipped(table, self.skip_first, "skip_first")
        if self.cap > table.shape[0]:
            raise PositionError(f"cap is {self.cap}, but only {table.shape[0]} positions are there to keep. Lower it.")
        if self.cap:
            table = table[: self.cap]
        if self.interpolate_to:
            table = interpolated(table, self.interpolate_to)
        return _skipped(table, self.skip_after, "skip_after")


def interpolated(table: Tensor, rows: int) -> Tensor:
    """The table with another number of rows, linear between neighbours, edges of the range aligned (not centres)."""
    return F.interpolate(table.t()[None], rows, mode="linear", align_corners=False)[0].t()


def _skipped(table: Tensor, rows: int, name: str) -> Tensor:
    if rows >= table.shape[0]:
        raise PositionError(f"{name} is {rows}, but there are only {table.shape[0]} positions. Lower it.")
    return table[rows:]


def position_matrix(rows: int, adjustments: Sequence[PositionAdjustment]) -> Tensor:
    """The (rows that come out, rows) matrix that does the adjustments one after the other.

    Raises:
        PositionError: an adjustment leaves no table.
    """
    matrix = torch.eye(rows)
    for adjustment in adjustments:
        matrix = adjustment.of(matrix)
    return matrix.contiguous()
