"""What is measured of a system's clips: against what is known of them, and as Evaluate Clip does."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from kinema.motion.evaluation import Result, frechet_distance, measure_alone
from torch import Tensor

from ..learning import measures
from ..learning.scenes import NEARNESS

HEADS = (
    "system",
    "colour of the caption",
    "shape of the caption",
    "distance from the image model's frames",
    "change from frame to frame",
    "off a straight path, pixels",
    "moves as captioned",
    "error of the flow, pixels",
)
CELLS = 4
"""Across a frame, whose mean colours stand for it."""
ENLARGED = 8
"""Times, for optical flow."""


@dataclass(frozen=True)
class Known:
    """Of one system, what only drawn clips let one measure."""

    name: str
    colours: float
    shapes: float
    distance: float
    """Frechet distance of frames from those of the image model, of their colours in 4x4 cells."""
    change: float
    jitter: float
    right: float
    error: float

    @property
    def cells(self) -> list[str]:
        """As they stand below `HEADS`."""
        shares, lengths = (self.colours, self.shapes), (self.distance, self.change, self.jitter)
        cells = [*(f"{each:.0%}" for each in shares), *(f"{each:.2f}" for each in lengths)]
        return [self.name, *cells, f"{self.right:.0%}", f"{self.error:.2f}"]


def known(name: str, clips: Tensor, captions: Sequence[str], flow: Tensor, pictures: Tensor) -> Known:
    """Compare with captions, with the true flow (2,), and with pictures of the image model (clips of any frames)."""
    moves, wanted = measures.moves(clips), flow.expand(len(clips), 2)
    return Known(
        name,
        measures.right_colours(clips, captions),
        measures.right_shapes(clips, captions),
        frechet_distance(_cells(clips), _cells(pictures)),
        measures.change(clips),
        measures.jitter(clips),
        moves.right(wanted),
        moves.error(wanted),
    )


def evaluated(name: str, clips: Tensor) -> list[Result]:
    """What Evaluate Clip says of each clip, enlarged without smoothing."""
    found = []
    for clip in clips:
        colours = ((clip[:NEARNESS].transpose(0, 1) + 1) / 2).clamp(0, 1)
        pictures = F.interpolate(colours, scale_factor=ENLARGED, mode="nearest")
        frames, _, height, width = pictures.shape
        found.append(Result(name, frames, width, height, tuple(measure_alone(pictures))))
    return found


def _cells(clips: Tensor) -> Tensor:
    frames = clips.transpose(1, 2).flatten(0, 1)
    return F.adaptive_avg_pool2d(frames, CELLS).flatten(1)
