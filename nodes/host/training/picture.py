"""How a training goes, as a picture: its losses, and frames of the last preview below."""

import math
from itertools import pairwise

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ....motion.training import Curve

WIDTH, HEIGHT, EDGE, RIGHT, TOP, BOTTOM = 768, 320, 64, 32, 34, 28
BACK, GRID, DOTS, LINE, HELD = "#161616", "#3a3a3a", "#3f6f9f", "#5cb8ff", "#ffa84c"
SMOOTH = 0.98
"""Of how much of the running mean stays at each step."""
MOST_POINTS = 4 * WIDTH
ROOM = 0.05


def drawn(curve: Curve, steps: int, strip: Tensor | None = None) -> Image.Image:
    """The losses of steps as dots, their running mean as a line, those of clips that are held out as rings.

    Args:
        steps: of the whole training.
        strip: (height, width, 3) in 0..1, shown below.
    """
    below = None if strip is None else _strip(strip)
    picture = Image.new("RGB", (WIDTH, HEIGHT + (below.height if below else 0)), BACK)
    if below:
        picture.paste(below, (0, HEIGHT))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    means = _means(curve.losses)
    shown = [*curve.losses, *curve.validations.values()]
    finite = [loss for loss in shown if math.isfinite(loss)] or [0.0, 1.0]
    low, high = min(finite), float(np.quantile(finite, 0.98))
    high = max(high, *(means[-1:] or [high]), low + 1e-9)
    low, high = low - ROOM * (high - low), high + ROOM * (high - low)

    def place(step: float, loss: float) -> tuple[float, float]:
        across = EDGE + (WIDTH - EDGE - RIGHT) * step / max(1, steps)
        part = min(1.0, max(0.0, (loss - low) / (high - low)))
        return across, HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * part

    for number in range(5):
        value = low + (high - low) * number / 4
        draw.line([place(0, value), place(steps, value)], GRID)
        draw.text((6, place(0, value)[1] - 8), f"{value:.4g}", GRID if number % 2 else "#9a9a9a", font)
        draw.text((place(steps * number / 4, low)[0] - 12, HEIGHT - 22), f"{steps * number // 4}", "#9a9a9a", font)
    every = max(1, len(curve.losses) // MOST_POINTS)
    for number in range(0, len(curve.losses), every):
        draw.point(place(number + 1, curve.losses[number]), DOTS)
    line = [place(number + 1, means[number]) for number in range(0, len(means), every)]
    for first, second in pairwise(line):
        draw.line([first, second], LINE, 2)
    for step, loss in curve.validations.items():
        across, down = place(step, loss)
        draw.ellipse([across - 4, down - 4, across + 4, down + 4], outline=HELD, width=2)
    told = f"step {len(curve.losses)} of {steps}"
    told += f"   loss {means[-1]:.4g}" if means else ""
    draw.text((EDGE + 8, 8), told, LINE, font)
    if curve.validations:
        draw.text((WIDTH - 260, 8), f"held-out clips {list(curve.validations.values())[-1]:.4g}", HELD, font)
    return picture


def as_image(picture: Image.Image) -> Tensor:
    """(1, height, width, 3) in 0..1."""
    return torch.from_numpy(np.asarray(picture, np.float32) / 255.0)[None]


def _means(losses: tuple[float, ...]) -> list[float]:
    means: list[float] = []
    total = weight = 0.0
    for loss in losses:
        total, weight = SMOOTH * total + loss, SMOOTH * weight + 1.0
        means.append(total / weight)
    return means


def _strip(strip: Tensor) -> Image.Image:
    pixels = strip.detach().cpu().float().clamp(0.0, 1.0).mul(255.0).round().byte().numpy()
    picture = Image.fromarray(pixels)
    return picture.resize((WIDTH, max(1, round(picture.height * WIDTH / picture.width))), Image.Resampling.NEAREST)
