"""Moves of a camera over pictures."""

import itertools
import math

import pytest
import torch
from kinema.motion.camera import MOVES, move_path
from kinema.motion.clips import EASINGS, SHOTS, ClipsError, Window, filmed, filming, shot_path
from torch import Tensor

CAMERA = {
    "ZoomIn": "zoom in",
    "ZoomOut": "zoom out",
    "PanLeft": "pan left",
    "PanRight": "pan right",
    "TiltUp": "tilt up",
    "TiltDown": "tilt down",
    "RollingClockwise": "roll clockwise",
    "RollingAnticlockwise": "roll anticlockwise",
}
SHAPES = [((48, 64), (32, 32)), ((64, 48), (24, 40)), ((200, 30), (32, 32)), ((50, 50), (50, 50)), ((7, 9), (64, 32))]


def places(height: int, width: int) -> Tensor:
    """A picture that says where each of its pixels is: (1, height, width, 3), x, y and 1."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack((x, y, torch.ones_like(x)), 2)[None]


@pytest.mark.parametrize("name", SHOTS)
@pytest.mark.parametrize("easing", EASINGS)
@pytest.mark.parametrize("amount", [0.05, 0.3, 1.0, 4.0, 10.0])
def test_never_beyond_the_picture(name: str, easing: str, amount: float) -> None:
    for picture, size in SHAPES:
        for frames in (1, 2, 16):
            path = shot_path(name, frames, picture, size, amount, easing)
            assert len(path) == frames
            for window in path:
                assert window.width / window.height == pytest.approx(size[1] / size[0])
                for x, y in window.corners():
                    assert -1e-6 <= x <= picture[1] + 1e-6
                    assert -1e-6 <= y <= picture[0] + 1e-6


@pytest.mark.parametrize("name", [name for name in SHOTS if name.startswith("Rolling")])
@pytest.mark.parametrize("amount", [0.1, 0.5, 1.0, 2.0])
def test_a_roll_has_the_largest_window_that_fits(name: str, amount: float) -> None:
    for picture, size in SHAPES:
        path = shot_path(name, 33, picture, size, amount)
        assert len({(window.width, window.height) for window in path}) == 1
        assert path[0].angle == pytest.approx(-path[-1].angle)
        assert abs(path[-1].angle - path[0].angle) == pytest.approx(amount * math.pi / 2)
        larger = [Window(w.x, w.y, w.width * 1.001, w.height * 1.001, w.angle) for w in path]
        corners = list(itertools.chain.from_iterable(window.corners() for window in larger))
        assert any(not (0 <= x <= picture[1] and 0 <= y <= picture[0]) for x, y in corners)


@pytest.mark.parametrize("name", [name for name in SHOTS if not name.startswith("Rolling")])
def test_all_other_shots_are_as_large_as_can_be(name: str) -> None:
    for picture, size in SHAPES:
        path = shot_path(name, 16, picture, size, 0.4)
        corners = list(itertools.chain.from_iterable(window.corners() for window in path))
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        touches = [min(xs) < 1e-6 and max(xs) > picture[1] - 1e-6, min(ys) < 1e-6 and max(ys) > picture[0] - 1e-6]
        assert any(touches)


def test_how_far_shots_go() -> None:
    size = (32, 48)
    zoom = shot_path("ZoomIn", 5, (320, 480), size, 0.5)
    assert zoom[0].width == 480
    assert zoom[0].width / zoom[-1].width == pytest.approx(1.5)
    steps = [before.width / after.width for before, after in itertools.pairwise(zoom)]
    assert steps == pytest.approx([steps[0]] * 4), "the same factor each time"
    assert shot_path("ZoomOut", 5, (320, 480), size, 0.5) == zoom[::-1]
    pan = shot_path("PanRight", 5, (320, 480), size, 0.5)
    assert pan[-1].x - pan[0].x == pytest.approx(0.5 * pan[0].width)
    assert shot_path("PanLeft", 5, (320, 480), size, 0.5) == pan[::-1]
    tilt = shot_path("TiltDown", 5, (320, 480), size, 0.5)
    assert tilt[-1].y - tilt[0].y == pytest.approx(0.5 * tilt[0].height)
    assert shot_path("TiltUp", 5, (320, 480), size, 0.5) == tilt[::-1]
    # a wide picture has room for a pan without a smaller window
    assert shot_path("PanRight", 5, (320, 900), size, 0.5)[0].height == 320
    slow = shot_path("PanRight", 5, (320, 480), size, 0.5, "ease_in_out")
    assert slow[1].x - slow[0].x < pan[1].x - pan[0].x
    assert (slow[0], slow[2], slow[-1]) == (pan[0], pan[2], pan[-1])


def seen(name: str, frame: int, points: Tensor) -> Tensor:
    """Where far points of the world are in the picture of a camera of CameraCtrl: (n, 2), x to the right and y down."""
    path = move_path([(CAMERA[name], 0.2)], 2)
    pose = path.poses[frame]
    inside = (points - pose[:3, 3]) @ pose[:3, :3]
    return inside[:, :2] / inside[:, 2:]


@pytest.mark.parametrize("name", SHOTS)
def test_the_picture_moves_as_that_of_a_camera_of_the_same_name(name: str) -> None:
    """Against ``motion/camera``, which knows nothing of windows."""
    assert CAMERA[name] in MOVES
    points = torch.tensor([(x, y, 6.0) for x, y in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))], dtype=torch.float64)
    by_camera = seen(name, 1, points) - seen(name, 0, points)
    first, last = shot_path(name, 2, (400, 400), (100, 100), 0.2)

    def shown(window: Window) -> Tensor:
        x, y = points[:, 0] * 40 + 200 - window.x, points[:, 1] * 40 + 200 - window.y
        cos, sin = math.cos(window.angle), math.sin(window.angle)
        return torch.stack(((cos * x + sin * y) / window.width, (cos * y - sin * x) / window.height), 1)

    by_window = shown(last) - shown(first)
    likeness = torch.nn.functional.cosine_similarity(by_camera.flatten(), by_window.flatten(), 0)
    assert float(likeness) > 0.97


@pytest.mark.parametrize("name", SHOTS)
@pytest.mark.parametrize(("picture", "size"), [((48, 64), (32, 32)), ((40, 40), (13, 29)), ((300, 200), (24, 32))])
def test_every_pixel_shows_the_right_place(name: str, picture: tuple[int, int], size: tuple[int, int]) -> None:
    """A picture of coordinates comes back as the coordinates that a matrix gives."""
    path = shot_path(name, 5, picture, size, 0.4)
    made = filmed(places(*picture), path, size)
    assert made.shape == (5, *size, 3)
    for window, frame in zip(path, made, strict=True):
        cos, sin = math.cos(window.angle), math.sin(window.angle)
        to_picture = (
            torch.tensor([[1, 0, window.x], [0, 1, window.y], [0, 0, 1.0]])
            @ torch.tensor([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
            @ torch.diag(torch.tensor([window.width / size[1], window.height / size[0], 1.0]))
            @ torch.tensor([[1, 0, -size[1] / 2], [0, 1, -size[0] / 2], [0, 0, 1.0]])
        )
        expected = places(*size)[0] @ to_picture.T
        # within half a pixel of the picture's edge there is nothing to be linear to
        reach = max(window.width / size[1], window.height / size[0]) + 0.5
        low, high = torch.tensor([reach, reach]), torch.tensor([picture[1] - reach, picture[0] - reach])
        inside = ((expected[..., :2] >= low) & (expected[..., :2] <= high)).all(-1)
        assert inside.sum() > 0.5 * inside.numel()
        assert (frame - expected)[inside].abs().max() < 2e-4 * max(picture)
        assert (frame[..., 2] - 1).abs().max() < 1e-5, "nothing from beyond the picture"


def test_fine_patterns_do_not_flicker() -> None:
    """A chessboard of single pixels is grey in a clip of a quarter of its size."""
    board = (
        (torch.arange(128)[:, None] + torch.arange(128)).remainder(2).float()[None, :, :, None].expand(-1, -1, -1, 3)
    )
    for name in SHOTS:
        made = filmed(board, shot_path(name, 8, (128, 128), (16, 16), 0.2), (16, 16))
        assert made.sub(0.5).abs().max() < 0.12, name


def test_parts_of_a_large_picture_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = torch.rand(1, 90, 120, 3, generator=torch.Generator().manual_seed(0))
    path = shot_path("RollingClockwise", 3, (90, 120), (31, 40))
    whole = filmed(picture, path, (31, 40))
    for at_once in (1, 1000):
        monkeypatch.setattr(filming, "AT_ONCE", at_once)
        assert torch.allclose(filmed(picture, path, (31, 40)), whole, atol=1e-6)


def test_a_whole_window_is_the_picture_itself() -> None:
    frames = torch.rand(3, 12, 20, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(filmed(frames, [Window(10, 6, 20, 12)] * 3, (12, 20)), frames, atol=1e-5)
    turned = filmed(frames[:1, :, :12], [Window(6, 6, 12, 12, math.pi / 2)], (12, 12))
    assert torch.allclose(turned[0], frames[0, :, :12].rot90(1, (0, 1)), atol=1e-5), "the camera clockwise, this not"


def test_a_clip_moves_on_while_it_is_filmed() -> None:
    frames = torch.arange(5.0).view(5, 1, 1, 1).expand(5, 40, 40, 3) / 5
    made = filmed(frames, shot_path("RollingClockwise", 5, (40, 40), (8, 8)), (8, 8))
    assert torch.allclose(made, frames[:, :8, :8], atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "ZoomUp"}, "no shot ZoomUp. Choose one of ZoomIn"),
        ({"easing": "hold"}, "no easing hold"),
        ({"frames": 0}, "at least one frame"),
        ({"picture": (0, 5)}, "not empty"),
        ({"amount": 0.0}, "amount is 0"),
        ({"amount": float("nan")}, "amount is nan"),
        ({"amount": 11.0}, "at most 10"),
    ],
)
def test_shots_that_cannot_be(wrong: dict, words: str) -> None:
    with pytest.raises(ClipsError, match=words):
        shot_path(**{"name": "ZoomIn", "frames": 4, "picture": (9, 9), "size": (9, 9), **wrong})


def test_pictures_and_frames_that_do_not_fit() -> None:
    path = shot_path("ZoomIn", 4, (9, 9), (9, 9))
    with pytest.raises(ClipsError, match="A shot of 4 frames needs one picture or 4, but there are 3"):
        filmed(torch.zeros(3, 9, 9, 3), path, (9, 9))
    with pytest.raises(ClipsError, match="there are 0"):
        filmed(torch.zeros(0, 9, 9, 3), path, (9, 9))
