"""What is seen in clips (clips, 4, frames, height, width); all of it is measured on true clips alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .scenes import COLOURS, DIRECTIONS, GROUND, MARK_STRENGTH, NEARNESS, RADIUS, SHAPES, filled, flag, mark_corner

NEAR, FAR = 0.0, -0.8
"""Nearness from which on a pixel is of a shape, and up to which it is of the ground."""
LEAST_AREA = 0.3
"""Of the area of a true shape: with less there is none."""
RIGHT, LEAST_SPEED = 2**-0.5, 0.3
"""Cosine of 45 degrees, and the part of the true speed that counts as movement."""


@dataclass(frozen=True)
class Moves:
    """How shapes move."""

    flows: Tensor
    """(clips, 2) pixels a frame, x and y; not a number where a frame has no shape."""

    def right(self, wanted: Tensor) -> float:
        """Part of the clips that move within 45 degrees of the directions wanted, (clips, 2)."""
        flows = self.flows.nan_to_num()
        along = (flows * wanted).sum(1) / (flows.norm(dim=1) * wanted.norm(dim=1)).clamp(min=1e-6)
        moving = flows.norm(dim=1) > LEAST_SPEED * wanted.norm(dim=1)
        return float((moving & (along > RIGHT)).float().mean())

    def error(self, wanted: Tensor) -> float:
        """Mean length of the difference, pixels a frame."""
        return float((self.flows.nan_to_num() - wanted).norm(dim=1).mean())


def moves(clips: Tensor) -> Moves:
    """The straight line through the centres of a clip's shapes."""
    centres = _centres(clips)
    times = torch.arange(clips.shape[2]) - (clips.shape[2] - 1) / 2
    return Moves((centres * times[None, :, None]).sum(1) / times.square().sum())


def jitter(clips: Tensor) -> float:
    """Mean distance of the centres of shapes from that straight line, pixels."""
    centres = _centres(clips)
    times = torch.arange(clips.shape[2]) - (clips.shape[2] - 1) / 2
    line = centres.nanmean(1, keepdim=True) + times[None, :, None] * moves(clips).flows[:, None]
    return float((centres - line).norm(dim=-1).nanmean())


def change(clips: Tensor) -> float:
    """Mean change from frame to frame, of everything."""
    return float((clips[:, :, 1:] - clips[:, :, :-1]).abs().mean())


def flicker(clips: Tensor) -> float:
    """Mean change of colours from frame to frame where both are ground."""
    ground = _ground(clips)
    both = ground[:, 1:] & ground[:, :-1]
    changes = (clips[:, :NEARNESS, 1:] - clips[:, :NEARNESS, :-1]).abs().mean(1)
    return float(changes[both].mean())


def watermark(clips: Tensor) -> float:
    """How much of the watermark is in the corner, about 1 for all of it and 0 for none."""
    corner = mark_corner(clips[:, :NEARNESS])
    return float((corner * flag(clips.shape[-1])).mean() / MARK_STRENGTH)


def negative(clips: Tensor) -> float:
    """How much grounds look like those of a negative: 0 for brightness as it is, 1 for that of a negative."""
    colours = clips[:, :NEARNESS].mean(1)[_ground(clips)]
    return float((GROUND - colours.mean()) / (2 * GROUND))


def right_colours(clips: Tensor, captions: Sequence[str]) -> float:
    """Part of the frames whose shape has the caption's colour, rather than one of the others or none."""
    shape = (clips[:, NEARNESS] > NEAR).float()
    mean = (clips[:, :NEARNESS] * shape[:, None]).sum((3, 4)) / shape.sum((2, 3))[:, None].clamp(min=1)
    paints = torch.tensor(list(COLOURS.values()))
    nearest = (mean.movedim(1, 2)[:, :, None] - paints).norm(dim=-1).argmin(-1)
    wanted = torch.tensor([list(COLOURS).index(text.split()[0]) for text in captions])
    return float(((nearest == wanted[:, None]) & _there(clips)).float().mean())


def right_shapes(clips: Tensor, captions: Sequence[str]) -> float:
    """Part of the frames whose shape is nearer to the caption's than to the others, drawn where it is."""
    side = clips.shape[-1]
    centres = _centres(clips).nan_to_num()
    rows = torch.arange(side) + 0.5
    x, y = rows - centres[..., 0, None, None], rows[:, None] - centres[..., 1, None, None]
    drawn = torch.stack([filled([name] * len(clips), x, y, RADIUS * side) for name in SHAPES])
    there = (clips[:, NEARNESS].clamp(-1, 1) + 1) / 2
    nearest = (drawn - there).square().sum((3, 4)).argmin(0)
    wanted = torch.tensor([SHAPES.index(text.split()[1]) for text in captions])
    return float(((nearest == wanted[:, None]) & _there(clips)).float().mean())


def right_lights(clips: Tensor, captions: Sequence[str]) -> float:
    """Part of the frames whose ground is lightest on the side of the caption's direction."""
    side = clips.shape[-1]
    across = (torch.arange(side) + 0.5) / side * 2 - 1
    ground = clips[:, :NEARNESS].mean(1) - GROUND
    ground = ground * (clips[:, NEARNESS] < FAR)
    slopes = torch.stack([(ground * each).sum((2, 3)) for each in (across, across[:, None])], -1)
    return _ways(slopes, captions)


def _ways(ahead: Tensor, captions: Sequence[str]) -> float:
    """Part of the vectors (clips, frames, 2) that are nearest to their caption's direction."""
    ways = torch.tensor(list(DIRECTIONS.values()))
    wanted = torch.tensor([list(DIRECTIONS).index(text.split()[-1]) for text in captions])
    return float(((ahead @ ways.T).argmax(-1) == wanted[:, None]).float().mean())


def _ground(clips: Tensor) -> Tensor:
    return clips[:, NEARNESS] < FAR


def _there(clips: Tensor) -> Tensor:
    """(clips, frames): whether there is a shape at all."""
    area = (clips[:, NEARNESS] > NEAR).float().sum((2, 3))
    return area > LEAST_AREA * torch.pi * (RADIUS * clips.shape[-1]) ** 2


def _centres(clips: Tensor) -> Tensor:
    """(clips, frames, 2) x and y of shapes in pixels, not a number where there is none."""
    weights = (clips[:, NEARNESS] + 1).clamp(0, 2) * (clips[:, NEARNESS] > NEAR)
    rows = torch.arange(clips.shape[-1]) + 0.5
    total = weights.sum((2, 3)).clamp(min=1e-6)
    centres = torch.stack(((weights * rows).sum((2, 3)), (weights * rows[:, None]).sum((2, 3))), -1) / total[..., None]
    return torch.where(_there(clips)[..., None], centres, torch.nan)
