"""Drawn poses against a plain drawer that looks at every pixel for every shape, and against the published colours."""

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from kinema.motion.pose import BODIES, FITS, WIDTHS, Person, PoseError, PoseFrame, PoseStyle, draw_poses
from kinema.motion.pose.draw import limb_growth

from tests.bare.pose.poses import clip, moved, standing

COLOURS_18 = [
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255),
    (255, 0, 170), (255, 0, 85),
]  # fmt: skip
LIMBS_18 = [
    (2, 3), (2, 6), (3, 4), (4, 5), (6, 7), (7, 8), (2, 9), (9, 10), (10, 11), (2, 12), (12, 13), (13, 14), (2, 1),
    (1, 15), (15, 17), (1, 16), (16, 18),
]  # fmt: skip
"""Counted from 1, as OpenPose lists them."""
COLOURS_25 = [
    (255, 0, 85), (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0),
    (255, 0, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (255, 0, 170),
    (170, 0, 255), (255, 0, 255), (85, 0, 255), *[(0, 0, 255)] * 3, *[(0, 255, 255)] * 3,
]  # fmt: skip
LIMBS_25 = [
    (1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 12), (12, 13), (13, 14),
    (1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (14, 19), (19, 20), (14, 21), (11, 22), (22, 23), (11, 24),
]  # fmt: skip


class Plain:
    """A picture in whole bytes; every shape is asked about every pixel."""

    def __init__(self, width: int, height: int) -> None:
        self.bytes = np.zeros((height, width, 3), np.int64)
        self.pixels = np.arange(width)[None] + 1j * np.arange(height)[:, None]

    def ellipse(self, start: complex, end: complex, half_width: float, colour: tuple[int, ...]) -> None:
        """The pixels whose distances to both foci add up to no more than the longer axis, 0.6 pixels grown."""
        middle, apart = (start + end) / 2, start - end
        middle = complex(int(middle.real), int(middle.imag))
        turn = math.radians(int(math.degrees(math.atan2(apart.imag, apart.real))))
        long, short = int(abs(apart) / 2) + 0.6, half_width + 0.6
        way = complex(math.cos(turn), math.sin(turn)) * (1 if long > short else 1j)
        focus = way * math.sqrt(abs(long * long - short * short))
        sums = abs(self.pixels - middle - focus) + abs(self.pixels - middle + focus)
        self.bytes[sums <= 2 * max(long, short)] = colour

    def line(self, start: complex, end: complex, half_width: float, colour: tuple[int, ...]) -> None:
        """The pixels no further from the line between two whole pixels than half its width, 0.6 pixels grown."""
        start, end = whole(start), whole(end)
        way = (end - start) / abs(end - start) if end != start else 1
        turned = (self.pixels - start) * np.conj(way)
        past = np.maximum(np.maximum(-turned.real, turned.real - abs(end - start)), 0)
        self.bytes[np.hypot(past, turned.imag) <= half_width + 0.6] = colour

    def disc(self, middle: complex, radius: float, colour: tuple[int, ...]) -> None:
        self.bytes[abs(self.pixels - whole(middle)) <= max(1, round(radius)) + 1e-9] = colour


def whole(point: complex) -> complex:
    return complex(int(point.real), int(point.imag))


def hand_colour(line: int) -> tuple[int, ...]:
    """Red, then up with green, down with red, and so on: six ramps of 255, in twentieths of the circle."""
    ramps = [max(0.0, min(1.0, abs((line / 20 * 6 + shift) % 6 - 3) - 1)) for shift in (0, 4, 2)]
    return tuple(int(255 * ramp + 1e-6) for ramp in ramps)


def plainly(people: list[np.ndarray], width: int, height: int, style: PoseStyle) -> np.ndarray:
    """The picture in 0..1 of people (136, 3) in its pixels."""
    picture, wide = Plain(width, height), style.line_width
    for joints in people:
        points = [complex(x, y) for x, y, _ in joints]
        shown = [0 < sure >= style.threshold for _, _, sure in joints]
        limb = 4 * wide * (limb_growth(width, height) if style.widths == "xinsir" else 1)
        if style.body == "18 joints":
            for (start, end), colour in zip(LIMBS_18, COLOURS_18, strict=False):
                if shown[start - 1] and shown[end - 1]:
                    picture.ellipse(points[start - 1], points[end - 1], limb, tuple(int(0.6 * c) for c in colour))
            for joint, colour in enumerate(COLOURS_18):
                if shown[joint]:
                    picture.disc(points[joint], 4 * wide, colour)
        elif style.body == "25 joints":
            where = [*range(8), None, *range(8, 24)]
            body = [(points[8] + points[11]) / 2 if place is None else points[place] for place in where]
            seen = [shown[8] and shown[11] if place is None else shown[place] for place in where]
            for start, end in LIMBS_25:
                if seen[start] and seen[end]:
                    picture.ellipse(body[start], body[end], limb, tuple(int(0.6 * c) for c in COLOURS_25[end]))
            for point, visible, colour in zip(body, seen, COLOURS_25, strict=True):
                if visible:
                    picture.disc(point, 4 * wide, colour)
        if style.hands:
            for first in (94, 115):
                for line in range(20):
                    start, end = first + (0 if line % 4 == 0 else line), first + line + 1
                    if shown[start] and shown[end]:
                        picture.line(points[start], points[end], wide, hand_colour(line))
                for joint in range(first, first + 21):
                    if shown[joint]:
                        picture.disc(points[joint], 4 * wide, (0, 0, 255))
        if style.face:
            for joint in range(24, 94):
                if shown[joint]:
                    picture.disc(points[joint], 3 * wide, (255, 255, 255))
    return picture.bytes / 255


def scattered(seed: int, width: int, height: int) -> np.ndarray:
    """Joints all over a picture and a little beyond, some of them unknown or not sure."""
    random = np.random.default_rng(seed)
    joints = np.empty((136, 3), np.float32)
    joints[:, :2] = random.uniform(-0.15, 1.15, (136, 2)) * (width, height)
    joints[:, 2] = random.choice((0, 0.2, 0.3, 1), 136, p=(0.1, 0.1, 0.1, 0.7))
    return joints


@pytest.mark.parametrize(
    ("style", "size"),
    [
        (PoseStyle(), (160, 96)),
        (PoseStyle("25 joints"), (97, 131)),
        (PoseStyle("none", hands=False), (64, 64)),
        (PoseStyle("none", face=False), (64, 128)),
        (PoseStyle(hands=False, face=False, threshold=0, line_width=2.5), (150, 90)),
        (PoseStyle(threshold=0.31, line_width=0.3, widths="xinsir"), (501, 40)),
    ],
)
def test_equal_to_a_plain_drawer(style: PoseStyle, size: tuple[int, int]) -> None:
    people = [[scattered(10 * frame + person, *size) for person in range(frame)] for frame in range(3)]
    drawn = draw_poses([PoseFrame(tuple(map(Person, frame)), *size) for frame in people], style)
    assert drawn.shape == (3, size[1], size[0], 3)
    assert drawn.dtype == torch.float32
    for picture, frame in zip(drawn.numpy(), people, strict=True):
        np.testing.assert_allclose(picture, plainly(frame, *size, style), atol=1e-6)
    assert not drawn[0].any()
    assert drawn[2].any()


def test_joints_close_together_are_drawn() -> None:
    """Limbs shorter than they are wide, and of no length at all."""
    joints = np.zeros((136, 3), np.float32)
    joints[[1, 2, 3, 8], :2] = (30, 20), (33, 21), (33, 21), (24, 23)
    joints[[1, 2, 3, 8], 2] = 1
    (drawn,) = draw_poses([PoseFrame((Person(joints),), 64, 48)])
    np.testing.assert_allclose(drawn.numpy(), plainly([joints], 64, 48, PoseStyle()), atol=1e-6)


def test_limbs_that_lead_far_outside_are_cut_at_the_edge() -> None:
    joints = moved(standing(), 0, 0, scale=0.12)
    joints[::2, :2] *= 10_000
    frames = [PoseFrame((Person(joints),), 64, 48)]
    draw_poses(frames)
    tracemalloc.start()
    drawn = draw_poses(frames)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert drawn.any()


def test_joints_of_no_confidence_are_not_drawn() -> None:
    joints = standing()
    joints[:, 2] = 0
    assert not draw_poses(clip(joints[None]), PoseStyle(threshold=0)).any()
    joints[:, 2] = 0.29
    assert not draw_poses(clip(joints[None])).any()


def test_the_eyes_of_the_body_are_not_covered_by_those_of_a_face() -> None:
    joints = standing()
    joints[24:92, 2] = 0
    joints[92:94] = joints[14:16]
    with_face, without = (draw_poses(clip(joints[None]), PoseStyle(face=face)) for face in (True, False))
    assert torch.equal(with_face, without)
    joints[92:94, 0] += 1
    assert not torch.equal(draw_poses(clip(joints[None])), without)


@pytest.mark.parametrize(
    ("fit", "scale", "shift"),
    [("pad", (0.5, 0.5), (0, 50)), ("crop", (0.75, 0.75), (-50, 0)), ("stretch", (0.5, 0.75), (0, 0))],
)
def test_other_proportions(fit: str, scale: tuple[float, float], shift: tuple[float, float]) -> None:
    joints = standing()
    placed = joints.copy()
    placed[:, :2] = placed[:, :2] * scale + shift
    drawn = draw_poses(clip(joints[None]), size=(200, 300), fit=fit)
    np.testing.assert_allclose(drawn[0].numpy(), plainly([placed], 200, 300, PoseStyle()), atol=1e-6)


def test_sides_left_open_are_those_of_the_canvas_or_the_background() -> None:
    frames = clip(standing()[None])
    assert draw_poses(frames, size=(128, 0)).shape == (1, 400, 128, 3)
    assert draw_poses(frames, size=(0, 128), background=torch.zeros(1, 10, 20, 3)).shape == (1, 128, 20, 3)


def test_a_background_is_drawn_upon_and_kept() -> None:
    frames = clip(np.stack([moved(standing(), 5 * frame) for frame in range(3)]))
    background = torch.rand(2, 400, 400, 4)
    before = background.clone()
    drawn, alone = draw_poses(frames, background=background), draw_poses(frames)
    empty = ~alone.any(-1)
    for number, picture in enumerate((0, 1, 1)):
        assert torch.equal(drawn[number][empty[number]], background[picture, ..., :3][empty[number]])
        assert torch.equal(drawn[number][~empty[number]], alone[number][~empty[number]])
    assert torch.equal(background, before)
    grey = draw_poses(frames, size=(200, 100), background=torch.full((1, 30, 50, 3), 0.25))
    torch.testing.assert_close(grey[0, 0, 0], torch.full((3,), 0.25))


def test_memory_does_not_grow_with_the_picture() -> None:
    """Beside the pictures themselves, less than one mask of their size."""
    frames = clip(np.stack([standing()] * 4))
    draw_poses(frames, size=(1600, 1600))
    tracemalloc.start()
    draw_poses(frames, size=(1600, 1600), fit="stretch")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1600 * 1600


def test_limbs_grow_as_xinsir_draws_them() -> None:
    """By the longer side: 1 below 500 pixels, then 2 and one more for each thousand, at most 7."""
    sizes = {(499, 300): 1, (500, 1): 2, (768, 999): 2, (1000, 10): 3, (1024, 2048): 4, (9000, 9000): 7}
    assert {size: limb_growth(*size) for size in sizes} == sizes


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    draw_poses(clip(np.stack([standing()] * 3)), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": (20_000, 64)}, "20000x64 pixels. Give sides from 1 to 16384"),
        ({"size": (-1, 64)}, "-1x64 pixels"),
        ({"fit": "squeeze"}, f"Choose one of {', '.join(FITS)}"),
        ({"background": torch.zeros(0, 8, 8, 3)}, "The background is empty"),
        ({"background": torch.zeros(1, 8, 8, 1)}, "not in colour"),
    ],
)
def test_answers(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(PoseError, match=words):
        draw_poses(clip(standing()[None]), **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"body": "26 joints"}, f"Choose one of {', '.join(BODIES)}"),
        ({"widths": "thick"}, f"one of {', '.join(WIDTHS)}"),
        ({"threshold": 1.5}, "threshold in 0..1"),
        ({"threshold": math.nan}, "threshold in 0..1"),
        ({"line_width": 0}, "from 0.1 to 32"),
        ({"line_width": math.inf}, "from 0.1 to 32"),
    ],
)
def test_styles_that_do_not_exist(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(PoseError, match=words):
        PoseStyle(**settings)


def test_no_frames() -> None:
    with pytest.raises(PoseError, match="no frames"):
        draw_poses([])
