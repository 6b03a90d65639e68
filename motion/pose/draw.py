"""Draw poses as the pictures that pose ControlNets and Animate Anyone were trained on, at any size.

A limb is a filled ellipse, darker than the discs of the joints over it; hands are lines of many hues with blue discs,
faces white discs. As in those pictures, places are cut to whole pixels and the turn of a limb to whole degrees.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor

from .people import FACE, LEFT_EYE, LEFT_HAND, RIGHT_EYE, RIGHT_HAND, THRESHOLD, Joints, PoseError, PoseFrame, canvas
from .skeletons import BLUE, HAND_COLOURS, HAND_LINES, SKELETONS, WHITE, Colours

BODIES = (*SKELETONS, "none")
FITS = ("pad", "crop", "stretch")
"""How a canvas of other proportions becomes the picture: whole, filling it, or out of shape."""
WIDTHS = ("openpose", "xinsir")
LIMB, JOINT, HAND_LINE, HAND_JOINT, FACE_POINT = 4, 4, 1, 4, 3
"""Pixels from the middle to the edge."""
REACH = 0.6
"""Pixels by which limbs and lines are drawn larger: a pixel belongs to a shape that touches it, and reaches from its
middle so far in the mean over all directions."""
LARGEST_SIDE = 16_384
Picture = NDArray[np.float32]
"""(height, width, 3) in 0..1, drawn upon."""
Point = NDArray[np.floating[Any]]
"""x, y in pixels."""


@dataclass(frozen=True)
class PoseStyle:
    """What is drawn of a person, and how wide."""

    body: str = "18 joints"
    """One of `BODIES`."""
    hands: bool = True
    face: bool = True
    threshold: float = THRESHOLD
    """Least confidence of a joint that is drawn. One of 0 never is."""
    line_width: float = 1.0
    """Multiplies all widths; 1 is limbs of 8 pixels."""
    widths: str = "openpose"
    """One of `WIDTHS`: the same in pictures of every size, or limbs that grow with the picture."""

    def __post_init__(self) -> None:
        if self.body not in BODIES or self.widths not in WIDTHS:
            raise PoseError(
                f"There is no body {self.body!r} with widths {self.widths!r} to draw. Choose one of "
                f"{', '.join(BODIES)} and one of {', '.join(WIDTHS)}."
            )
        if not (0 <= self.threshold <= 1 and 0.1 <= self.line_width <= 32):
            raise PoseError(
                f"Poses cannot be drawn with threshold {self.threshold} and line width {self.line_width}. Give a "
                "threshold in 0..1 and a line width from 0.1 to 32."
            )

    def shows(self, joints: Joints) -> NDArray[np.bool_]:
        """Which joints (joints, 3) are known well enough to be drawn."""
        return (joints[:, 2] >= self.threshold) & (joints[:, 2] > 0)


def draw_poses(
    frames: Sequence[PoseFrame],
    style: PoseStyle | None = None,
    size: tuple[int, int] = (0, 0),
    fit: str = "pad",
    background: Tensor | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tensor:
    """Draw each frame.

    Args:
        size: width and height of the pictures; 0 is that of the background, or of the poses' canvas.
        fit: one of `FITS`.
        background: (pictures, height, width, 3) in 0..1 to draw upon, the last one to the end; else black.
        progress: told of the frames done and all frames.

    Returns:
        (frames, height, width, 3) in 0..1, float32.

    Raises:
        PoseError: no frames, several canvas sizes, an empty background, or a setting out of range.
    """
    style = style or PoseStyle()
    width, height = drawn_size(frames, size, background)
    placed = _placing(canvas(frames), (width, height), fit)
    pictures = torch.zeros((len(frames), height, width, 3))
    for number, (picture, frame) in enumerate(zip(pictures, frames, strict=True)):
        if background is not None:
            picture.copy_(_resized(background[min(number, len(background) - 1)], width, height))
        for person in frame.people:
            _draw_person(picture.numpy(), placed(person.joints), style)
        progress(number + 1, len(frames))
    return pictures


def drawn_size(frames: Sequence[PoseFrame], size: tuple[int, int], background: Tensor | None) -> tuple[int, int]:
    """Width and height of the pictures that `draw_poses` makes.

    Raises:
        PoseError: no frames, several canvas sizes, an empty background, or a side that is negative or too long.
    """
    given = canvas(frames)
    if background is not None:
        if background.ndim != 4 or 0 in background.shape or background.shape[-1] < 3:
            raise PoseError("The background is empty or not in colour. Connect at least one picture, or nothing.")
        given = background.shape[2], background.shape[1]
    return picture_size(given, size)


def picture_size(given: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Width and height to draw at, where 0 is taken from those given.

    Raises:
        PoseError: a side is negative or too long.
    """
    width, height = size[0] or given[0], size[1] or given[1]
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise PoseError(f"A picture cannot be {width}x{height} pixels. Give sides from 1 to {LARGEST_SIDE}.")
    return width, height


def limb_growth(width: int, height: int) -> int:
    """How much wider limbs are in the pictures xinsir's ControlNets for SDXL were trained on."""
    longer = max(width, height)
    return 1 if longer < 500 else min(2 + longer // 1000, 7)


def _placing(given: tuple[int, int], size: tuple[int, int], fit: str) -> Callable[[Joints], Joints]:
    """Turns joints in pixels of the canvas into ones in pixels of the picture."""
    if fit not in FITS:
        raise PoseError(f"Poses cannot be fitted by {fit!r}. Choose one of {', '.join(FITS)}.")
    scales = np.array(size) / given
    if fit != "stretch":
        scales[:] = scales.min() if fit == "pad" else scales.max()
    corner = (size - scales * given) / 2
    scale, shift = np.append(scales, 1).astype(np.float32), np.append(corner, 0).astype(np.float32)
    return lambda joints: joints * scale + shift


def _resized(picture: Tensor, width: int, height: int) -> Tensor:
    picture = picture[..., :3].to("cpu", torch.float32)
    if picture.shape[:2] == (height, width):
        return picture
    channels = rearrange(picture, "h w c -> 1 c h w")
    resized = F.interpolate(channels, (height, width), mode="bilinear", antialias=True)
    return rearrange(resized, "1 c h w -> h w c")


def _draw_person(picture: Picture, joints: Joints, style: PoseStyle) -> None:
    """Each part over the one before."""
    wide = style.line_width
    if style.body != "none":
        skeleton = SKELETONS[style.body]
        body = skeleton.joints(joints)
        limb = LIMB * wide * (limb_growth(picture.shape[1], picture.shape[0]) if style.widths == "xinsir" else 1)
        shown = style.shows(body)
        for (start, end), colour in zip(skeleton.limbs, skeleton.limb_colours, strict=True):
            if shown[start] and shown[end]:
                _draw_ellipse(picture, body[start, :2], body[end, :2], limb, colour)
        _draw_discs(picture, body, JOINT * wide, skeleton.joint_colours, style)
    if style.hands:
        for hand in (joints[RIGHT_HAND], joints[LEFT_HAND]):
            shown = style.shows(hand)
            for (start, end), colour in zip(HAND_LINES, HAND_COLOURS, strict=True):
                if shown[start] and shown[end]:
                    _draw_line(picture, hand[start, :2], hand[end, :2], HAND_LINE * wide, colour)
            _draw_discs(picture, hand, HAND_JOINT * wide, BLUE, style)
    if style.face:
        face = joints[FACE]
        # eyes of the body that stand in for those of a face would hide the joints they come from
        own = np.r_[np.full(68, True), (face[68:] != joints[[RIGHT_EYE, LEFT_EYE]]).any(1)]
        _draw_discs(picture, face[own], FACE_POINT * wide, WHITE, style)


def _draw_ellipse(picture: Picture, start: Point, end: Point, half_width: float, colour: Colours) -> None:
    across, down = start - end
    half_length = math.trunc(math.hypot(across, down) / 2)
    turn = math.radians(math.trunc(math.degrees(math.atan2(down, across))))
    cosine, sine = math.cos(turn), math.sin(turn)
    long, short = half_length + REACH, half_width + REACH
    reach = np.hypot((long * cosine, long * sine), (short * sine, short * cosine))
    middle = np.trunc((start + end) / 2)
    patch, x, y = _patch(picture, middle - reach, middle + reach)
    x, y = x - middle[0], y - middle[1]
    along, aside = (x * cosine + y * sine) / long, (y * cosine - x * sine) / short
    patch[along * along + aside * aside <= 1] = colour


def _draw_line(picture: Picture, start: Point, end: Point, half_width: float, colour: Colours) -> None:
    start, end = np.trunc(start), np.trunc(end)
    reach = half_width + REACH
    patch, x, y = _patch(picture, np.minimum(start, end) - reach, np.maximum(start, end) + reach)
    across, down = end - start
    x, y = x - start[0], y - start[1]
    # of each pixel the nearest point of the line, as a part of its length
    near = np.clip((x * across + y * down) / max(across * across + down * down, 1), 0, 1)
    patch[(x - near * across) ** 2 + (y - near * down) ** 2 <= reach * reach] = colour


def _patch(picture: Picture, low: Point, high: Point) -> tuple[Picture, Point, Point]:
    """The part of a picture between two corners, with x of its columns and y of its rows."""
    height, width = picture.shape[:2]
    left, top = np.clip(np.floor(low), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(high) + 1, 0, (width, height)).astype(int)
    return picture[top:bottom, left:right], np.arange(left, right)[None, :], np.arange(top, bottom)[:, None]


def _draw_discs(picture: Picture, joints: Joints, radius: float, colours: Colours, style: PoseStyle) -> None:
    """Discs at joints (joints, 3) in one colour or one for each, later ones over earlier ones."""
    height, width = picture.shape[:2]
    shown = style.shows(joints)
    at = np.trunc(joints[shown, None, :2]).astype(int) + _disc(max(1, round(radius)))
    inside = ((at >= 0) & (at < (width, height))).all(-1)
    colours = np.broadcast_to(np.broadcast_to(colours, (len(joints), 3))[shown, None], (*at.shape[:2], 3))
    picture[at[inside][:, 1], at[inside][:, 0]] = colours[inside]


@functools.cache
def _disc(radius: int) -> NDArray[np.int64]:
    """Every pixel of a disc as x, y from its middle: (pixels, 2)."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = x * x + y * y <= radius * radius
    return np.stack((x[inside], y[inside]), -1)
