"""The pose guider of AniPortrait (arXiv 2403.17694): landmarks of a face to five maps down the UNet."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .convolutions import CHANNELS
from .guider import FIRST, Entry, Guider, GuiderKind, GuiderStructure
from .spatial import SpatialTransformer

HEADS = 16
EPSILON = 1e-5


class Step(NamedTuple):
    """A convolution: its side, and how many pixels it moves on."""

    side: int
    stride: int


KEEP, HALVE = Step(3, 1), Step(3, 2)
STEM = (KEEP, Step(4, 2), KEEP, Step(4, 2), KEEP, Step(4, 2), KEEP, KEEP)
LEVELS = ((KEEP, HALVE), (KEEP, HALVE), (KEEP, HALVE), (KEEP,))


class WindowNorm(nn.Module):
    """Batch normalisation by the frames at hand, a leaf module of its own so that weight managers move it."""

    def __init__(self, channels: int, dtype: torch.dtype | None, device: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, dtype=dtype, device=device), requires_grad=False)
        self.bias = nn.Parameter(torch.empty(channels, dtype=dtype, device=device), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(frames, channels, height, width) to the same, by mean and biased variance over all but channels."""
        weight, bias = self.weight.to(x), self.bias.to(x)
        # a single value for a channel is no error here: it becomes the bias
        if x.numel() == x.shape[1]:
            return bias[None, :, None, None].expand_as(x)
        return F.batch_norm(x, None, None, weight, bias, training=True, eps=EPSILON)


class Scale(nn.Module):
    """One learned factor, a leaf module of its own for the same reason."""

    def __init__(self, dtype: torch.dtype | None, device: Any) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.empty(1, dtype=dtype, device=device), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """X times the factor."""
        return x * self.factor.to(x)


class NormedConv(nn.Module):
    """relu(norm(conv(x)))."""

    def __init__(self, before: int, after: int, step: Step, operations: Any, dtype: Any, device: Any) -> None:
        super().__init__()
        self.conv = operations.Conv2d(
            before, after, step.side, stride=step.stride, padding=1, dtype=dtype, device=device
        )
        self.norm = WindowNorm(after, dtype, device)

    def forward(self, x: Tensor) -> Tensor:
        """(frames, before, height, width) to (frames, after, ...)."""
        return F.relu(self.norm(self.conv(x)))


class AniPortraitGuider(Guider):
    """Convolutions with batch normalisation; from the second map on a transformer closes each level.

    A level reads what the level before gave. The authors' code never leaves training mode, so the statistics are those
    of the frames it is called with, and the ones stored in the file are not used: run it on exactly the frames of a
    window. It was trained with pictures in [-1, 1], which is what it sees here; the authors' scripts show it values
    from -1 to 509, because a picture of bytes is not divided by 255 on the way. The picture of the reference's own
    landmarks that their code asks for does not reach the output, so there is no place for it.
    """

    kind = GuiderKind("aniportrait", "the pose guider of AniPortrait", ("aniportrait",), ("face landmarks",))
    entries = (FIRST, *(Entry(("input", number), False) for number in (3, 6, 9, 11)))
    per_window = True

    def __init__(
        self, structure: GuiderStructure, operations: Any = nn, dtype: torch.dtype | None = None, device: Any = None
    ) -> None:
        super().__init__(structure, dtype)
        made = (operations, dtype, device)
        self.stem = _convolutions((CHANNELS, *structure.inner), STEM, *made)
        self.projection = operations.Conv2d(structure.inner[-1], structure.maps[0], 1, dtype=dtype, device=device)
        self.scale = Scale(dtype, device)
        self.levels = nn.ModuleList(
            _convolutions((before, *[before] * (len(steps) - 1), after), steps, *made)
            for (before, after), steps in zip(pairwise(structure.maps), LEVELS, strict=True)
        )
        self.attentions = nn.ModuleList(
            SpatialTransformer(width, structure.attended, HEADS, *made) for width in structure.maps[1:]
        )

    def forward(self, frames: Tensor) -> list[Tensor]:
        """The maps of one window, whose frames see each other in the statistics.

        Args:
            frames: (frames, 3, height, width) in [0, 1], or times 255 for the numbers of the authors' scripts.

        Returns:
            (frames, channels, height, width) at 1/8, 1/16, 1/32, 1/64 and 1/64 of the size, odd sides rounded up.
        """
        x = self.scale(self.projection(self.stem(2 * frames - 1)))
        maps = [x]
        for level, attention in zip(self.levels, self.attentions, strict=True):
            x = attention(level(x))
            maps.append(x)
        return maps


def _convolutions(
    widths: Sequence[int], steps: Sequence[Step], operations: Any, dtype: Any, device: Any
) -> nn.Sequential:
    ends = zip(pairwise(widths), steps, strict=True)
    return nn.Sequential(
        *(NormedConv(before, after, step, operations, dtype, device) for (before, after), step in ends)
    )
