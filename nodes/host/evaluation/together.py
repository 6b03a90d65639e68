"""Several clips in one picture, with what is written on them and drawn below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import comfy.model_management as management
import torch
from torch import Tensor

from ....motion.evaluation import BACKGROUND, GAP, Result, check_together, compared, tiled
from .labelled import LINES, curves_below, with_labels

CURVE_HEIGHT = 200
"""Pixels of the drawing below."""


@dataclass(frozen=True)
class Showing:
    """How clips are shown."""

    mode: str
    layout: str
    amplify: float
    curve: str
    """The key of what is drawn below."""


def shown_together(
    clips: Sequence[Tensor], names: Sequence[str], results: Mapping[int, Result], showing: Showing
) -> Tensor:
    """Clips in step.

    Args:
        clips: (frames, 3, height, width) in 0..1.
        names: what to write on each.
        results: by the number of the clip they belong to; their curves are drawn.

    Returns:
        (frames, height, width, 3) in 0..1.

    Raises:
        EvaluationError: clips that cannot be shown together.
    """
    check_together(clips)

    def after(_: int) -> None:
        management.throw_exception_if_processing_interrupted()

    parts = compared(clips, showing.mode, showing.amplify, after)
    labelled = [with_labels(each.pictures, each.told.format(names[each.clip]), LINES[each.clip]) for each in parts]
    picture = tiled(labelled, showing.layout)
    if results:
        frames, _, _, width = picture.shape
        below = curves_below(results, showing.curve, frames, width, CURVE_HEIGHT).to(picture)
        picture = torch.cat([picture, picture.new_full((frames, 3, GAP, width), BACKGROUND), below], 2)
    return picture.movedim(1, -1)
