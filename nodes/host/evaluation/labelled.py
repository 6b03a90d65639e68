"""Words and curves on pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ....motion.evaluation import Result, Score, shown
from .lettering import Lettering

BACK, GRID, INK, CURSOR = "#161616", "#3a3a3a", "#d8d8e0", "#ffffff"
LINES = ("#5cb8ff", "#ffa84c", "#80e680", "#f280d9")
"""A colour for each clip."""
EDGE, TOP, BOTTOM, LEGEND = 64, 34, 28, 18
"""Pixels around a curve, the second with one line of words; each more takes the last."""
ROOM = 0.08
WIDTH, HEIGHT = 768, 320
FONT_PART, LEAST_FONT, MOST_FONT = 0.05, 10, 28
"""Height of a label as a part of the picture's, within these pixels."""


@dataclass(frozen=True)
class Line:
    """The values of one clip."""

    name: str
    score: Score
    colour: str = LINES[0]


def with_labels(clip: Tensor, label: str, colour: str = INK) -> Tensor:
    """A clip with a word in its upper left corner.

    Args:
        clip: (frames, 3, height, width) in 0..1.
    """
    if not label.strip():
        return clip
    height, width = clip.shape[2:]
    lettering = Lettering.of([label], min(MOST_FONT, max(LEAST_FONT, round(FONT_PART * height))))
    font, label = lettering.font, lettering.spelt(label)
    left, top, right, bottom = font.getbbox(label)
    size = min(width, int(right - left) + 12), min(height, int(bottom - top) + 10)
    sign = Image.new("RGB", size, BACK)
    ImageDraw.Draw(sign).text((6 - left, 5 - top), label, colour, font)
    clip = clip.clone()
    clip[:, :, : size[1], : size[0]] = _tensor(sign).to(clip)
    return clip


def curve_picture(result: Result, key: str, width: int = WIDTH, height: int = HEIGHT) -> Tensor:
    """The values of one metric, frame by frame, (1, height, width, 3) in 0..1."""
    score = result.score(key)
    lines = [] if score is None else [Line(result.name, score)]
    return _tensor(_drawn(lines, result.frames, width, height)).movedim(0, -1)[None]


def curves_below(results: Mapping[int, Result], key: str, frames: int, width: int, height: int) -> Tensor:
    """The curves of several clips with a mark at each frame, (frames, 3, height, width) in 0..1.

    Args:
        results: by the number of the clip they belong to.
    """
    scores = [(number, result.name, result.score(key)) for number, result in results.items()]
    lines = [Line(name, score, LINES[number]) for number, name, score in scores if score is not None]
    picture = _drawn(lines, frames, width, height)
    pictures = []
    for frame in range(frames):
        marked = picture.copy()
        across = _across(frame, frames, width)
        ImageDraw.Draw(marked).line([(across, TOP), (across, height - BOTTOM)], CURSOR)
        pictures.append(_tensor(marked))
    return torch.stack(pictures)


def _across(frame: float, frames: int, width: int) -> float:
    return EDGE + (width - EDGE - 16) * frame / max(1, frames - 1)


def _drawn(lines: Sequence[Line], frames: int, width: int, height: int) -> Image.Image:
    picture = Image.new("RGB", (width, height), BACK)
    pen, lettering = ImageDraw.Draw(picture), Lettering.of([line.name for line in lines], 13)
    font = lettering.font
    values = [value for line in lines for value in line.score.curve]
    if not values:
        pen.text((12, 10), "no values frame by frame", INK, font)
        return picture
    low, high = min(values), max(values)
    room = max(ROOM * (high - low), 1e-6 * max(1.0, abs(high)))
    low, high = low - room, high + room

    top = TOP + LEGEND * (len(lines) - 1)

    def place(frame: float, value: float) -> tuple[float, float]:
        down = height - BOTTOM - (height - BOTTOM - top) * (value - low) / (high - low)
        return _across(frame, frames, width), down

    for number in range(5):
        value = low + (high - low) * number / 4
        pen.line([place(0, value), place(frames - 1, value)], GRID)
        pen.text((6, place(0, value)[1] - 8), f"{value:.4g}", INK, font)
        frame = (frames - 1) * number / 4
        pen.text((place(frame, low)[0] - 8, height - 20), f"{int(frame)}", INK, font)
    for line in lines:
        points = [place(line.score.first + at, value) for at, value in enumerate(line.score.curve)]
        pen.line(points, line.colour, 2, joint="curve")
        for across, down in points:
            pen.ellipse([across - 2, down - 2, across + 2, down + 2], line.colour)
    for row, line in enumerate(lines):
        told = lettering.spelt(f"{line.name}: {line.score.metric.title} {shown(line.score)}")
        pen.text((EDGE if pen.textlength(told, font) < width - EDGE else 6, 6 + LEGEND * row), told, line.colour, font)
    return picture


def _tensor(picture: Image.Image) -> Tensor:
    """(3, height, width) in 0..1."""
    return torch.from_numpy(np.asarray(picture, np.float32) / 255.0).movedim(-1, 0)
