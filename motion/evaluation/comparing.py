"""Several clips in one picture, frame by frame: side by side, in a grid, their difference, their motion."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .errors import EvaluationError
from .flow import optical_flow, resized_flow, scaled_down
from .pictures import blocks, brightness
from .steps import AT_ONCE

SIDE_BY_SIDE, BELOW, GRID = LAYOUTS = ("side_by_side", "below_each_other", "grid")
GAP = 4
"""Pixels between clips."""
BACKGROUND = 0.08
WHEEL = ((1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, 1.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.0))
"""Colours of directions: to the right red, then on clockwise."""


def check_together(clips: Sequence[Tensor]) -> None:
    """Make sure that clips play in step.

    Raises:
        EvaluationError: they differ in length.
    """
    counts = [len(clip) for clip in clips]
    if len(set(counts)) > 1:
        told = ", ".join(map(str, counts))
        raise EvaluationError(
            f"The clips have {told} frames and would not play in step. Cut them to one length with Select Frames."
        )


def fitted(clips: Sequence[Tensor]) -> list[Tensor]:
    """Clips in the size of the first one, whole, with a margin where the proportions differ.

    Args:
        clips: (frames, 3, height, width) each.
    """
    height, width = clips[0].shape[2:]
    return [clip if clip.shape[2:] == (height, width) else _within(clip, height, width) for clip in clips]


def _within(clip: Tensor, height: int, width: int) -> Tensor:
    scale = min(height / clip.shape[2], width / clip.shape[3])
    tall, wide = max(1, round(clip.shape[2] * scale)), max(1, round(clip.shape[3] * scale))
    small = functional.interpolate(clip, size=(tall, wide), mode="bilinear", antialias=True, align_corners=False)
    left, top = (width - wide) // 2, (height - tall) // 2
    return functional.pad(small, (left, width - wide - left, top, height - tall - top), value=BACKGROUND)


def tiled(clips: Sequence[Tensor], layout: str) -> Tensor:
    """Clips of one size in one picture.

    Returns:
        (frames, 3, height, width).
    """
    columns = {SIDE_BY_SIDE: len(clips), BELOW: 1, GRID: math.ceil(math.sqrt(len(clips)))}[layout]
    rows = math.ceil(len(clips) / columns)
    frames, _, height, width = clips[0].shape
    size = rows * (height + GAP) - GAP, columns * (width + GAP) - GAP
    picture = clips[0].new_full((frames, 3, *size), BACKGROUND)
    for number, clip in enumerate(clips):
        row, column = divmod(number, columns)
        top, left = row * (height + GAP), column * (width + GAP)
        picture[:, :, top : top + height, left : left + width] = clip
    return picture


CLIPS, DIFFERENCE, MOTION = MODES = ("clips", "difference", "motion")
BRIGHT = 0.98
"""Of all motion that much is not brighter than can be shown."""


@dataclass(frozen=True, eq=False)
class Part:
    """One of the pictures that are shown together."""

    pictures: Tensor
    """(frames, 3, height, width)."""
    clip: int
    """Which of the clips it belongs to."""
    told: str = "{}"
    """What to write on it, around the name of the clip."""


def compared(
    clips: Sequence[Tensor], mode: str, amplified: float, after: Callable[[int], None] = lambda _: None
) -> list[Part]:
    """The clips, and behind them what they are compared by.

    Args:
        clips: (frames, 3, height, width) in 0..1, equally long, of any size.
        mode: one of `MODES`.
        amplified: how many times brighter differences become.
        after: called with how many steps of motion are done.

    Raises:
        EvaluationError: nothing to compare with.
    """
    clips = fitted(clips)
    parts = [Part(clip, number) for number, clip in enumerate(clips)]
    if mode == DIFFERENCE:
        if len(clips) < 2:
            raise EvaluationError("A difference is between two clips. Connect second, or set show to clips or motion.")
        told = f"{{}}, difference x {amplified:g}"
        parts += [
            Part(difference(clips[0], clip, amplified), number, told) for number, clip in enumerate(clips) if number
        ]
    if mode == MOTION:
        flows = [_flows(clip, after) for clip in clips]
        lengths = torch.cat([flow.norm(dim=1).flatten() for flow in flows])
        longest = float(lengths.kthvalue(max(1, int(BRIGHT * len(lengths)))).values)
        told = f"{{}}, motion up to {longest:.1f} pixels"
        parts += [Part(flow_picture(flow, longest), number, told) for number, flow in enumerate(flows)]
    return parts


def _flows(clip: Tensor, after: Callable[[int], None]) -> Tensor:
    """To the next frame, (frames, 2, height, width); the last frame has that of the one before it."""
    grey = brightness(scaled_down(clip))
    flows = []
    for part in blocks(len(clip) - 1, AT_ONCE):
        flow = optical_flow(grey[part], grey[part.start + 1 : part.stop + 1])
        flows.append(resized_flow(flow, *clip.shape[2:]))
        after(part.stop)
    return torch.cat([*flows, flows[-1][-1:]])


def difference(clip: Tensor, other: Tensor, amplified: float) -> Tensor:
    """How far colours are apart, made so many times brighter: black where clips agree."""
    return ((clip - other).abs() * amplified).clamp(0.0, 1.0)


def flow_picture(flow: Tensor, longest: float) -> Tensor:
    """A flow in colours: the hue says where to, the brightness how far.

    Args:
        flow: (n, 2, height, width).
        longest: length that is as bright as can be.

    Returns:
        (n, 3, height, width) in 0..1.
    """
    wheel = flow.new_tensor(WHEEL)
    turn = torch.atan2(flow[:, 1], flow[:, 0]).remainder(2 * math.pi) / (2 * math.pi) * len(WHEEL)
    below = turn.floor().long().remainder(len(WHEEL))
    part = (turn - turn.floor())[..., None]
    hue = torch.lerp(wheel[below], wheel[(below + 1).remainder(len(WHEEL))], part)
    bright = (flow.norm(dim=1) / max(longest, 1e-6)).clamp(0.0, 1.0)
    return (hue * bright[..., None]).movedim(-1, 1)
