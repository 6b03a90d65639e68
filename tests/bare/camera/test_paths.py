"""Camera paths: moves in closed form, pieces that join, text, and the lines through pixels."""

import math

import numpy as np
import pytest
import torch
from kinema.motion.camera import (
    EASINGS,
    FOCAL_LENGTH,
    MOVES,
    CameraPath,
    PathError,
    draw_path,
    move_path,
    read_trajectory,
)
from kinema.motion.camera.paths import pose
from kinema.motion.camera.plucker import plucker_rays
from kinema.motion.camera.rotations import between, matrices, quaternions, rotations
from torch import Tensor

from tests.papers import camera as reference_camera

AHEAD, RIGHT, DOWN = (torch.tensor(axis, dtype=torch.float64) for axis in ((0.0, 0, 1), (1.0, 0, 0), (0.0, 1, 0)))
PICTURE = 16 / 9


def close(found: Tensor, wanted: Tensor | float, tolerance: float = 1e-9) -> bool:
    return bool((found - torch.as_tensor(wanted, dtype=torch.float64)).abs().max() < tolerance)


@pytest.mark.parametrize("speed", [1.0, 0.3, -2.0])
@pytest.mark.parametrize(
    ("move", "aim", "sign"),
    [
        ("pan left", RIGHT, -1),
        ("pan right", RIGHT, 1),
        ("tilt up", DOWN, -1),
        ("tilt down", DOWN, 1),
    ],
)
def test_turns_in_closed_form(move: str, aim: Tensor, sign: int, speed: float) -> None:
    """60 degrees in 16 frames at speed 1, around the camera."""
    path = move_path([(move, speed)], 17)
    angle = torch.linspace(0, speed * math.pi / 3, 17, dtype=torch.float64)
    assert close(path.positions, 0.0)
    assert close(path.directions, angle.cos()[:, None] * AHEAD + sign * angle.sin()[:, None] * aim)


def test_rolls_keep_the_direction_and_turn_the_picture() -> None:
    path = move_path([("roll clockwise", 1.0)], 17)
    assert close(path.directions, AHEAD)
    # what was to the right of the camera's eye goes down
    assert close(path.poses[-1, :3, 0], 0.5 * RIGHT + math.sin(math.pi / 3) * DOWN)
    other = move_path([("roll anticlockwise", 1.0)], 17)
    assert close(other.poses[-1, :3, 0], 0.5 * RIGHT - math.sin(math.pi / 3) * DOWN)


@pytest.mark.parametrize(
    ("move", "goal"),
    [
        ("zoom in", 2.0 * AHEAD),
        ("zoom out", -2.0 * AHEAD),
        ("move left", -1.5 * RIGHT),
        ("move right", 1.5 * RIGHT),
        ("move up", -1.5 * DOWN),
        ("move down", 1.5 * DOWN),
        ("static", 0.0 * AHEAD),
    ],
)
def test_shifts_in_closed_form(move: str, goal: Tensor) -> None:
    path = move_path([(move, 1.0)], 17)
    assert close(path.positions, torch.linspace(0, 1, 17, dtype=torch.float64)[:, None] * goal)
    assert close(path.poses[:, :3, :3], torch.eye(3))


@pytest.mark.parametrize(("move", "side"), [("orbit left", -1), ("orbit right", 1)])
@pytest.mark.parametrize("distance", [1.5, 4.0])
def test_orbits_keep_their_distance_and_their_eye_on_the_point(move: str, side: int, distance: float) -> None:
    path = move_path([(move, 1.0)], 17, orbit_distance=distance)
    to_point = distance * AHEAD - path.positions
    assert close(to_point.norm(dim=1), distance)
    assert close(path.directions, to_point / distance)
    assert close(path.positions[:, 1], 0.0)
    assert close(path.positions[-1, 0], side * distance * math.sin(math.pi / 3))


def test_two_moves_at_once() -> None:
    both = move_path([("pan right", 0.5), ("move up", 2.0)], 9)
    assert close(both.positions, move_path([("move up", 2.0)], 9).positions)
    assert close(both.poses[:, :3, :3], move_path([("pan right", 0.5)], 9).poses[:, :3, :3])


@pytest.mark.parametrize("move", [move for move in MOVES if move != "static"])
def test_pieces_join_as_if_they_were_one(move: str) -> None:
    first = move_path([(move, 1.0)], 7)
    joined = move_path([(move, 1.0)], 10, before=first)
    assert len(joined) == 17
    assert close(joined.poses, move_path([(move, 1.0)], 17).poses)


def test_a_piece_goes_on_from_where_the_camera_looks() -> None:
    turned = move_path([("pan right", 1.5)], 17)
    path = move_path([("zoom in", 1.0)], 16, before=turned)
    assert close(path.positions[-1], 2.0 * RIGHT)
    assert close(path.poses[:17], turned.poses)


def test_the_lens_stays_with_the_path() -> None:
    wide = move_path([], 2, focal_length=0.3)
    assert close(wide.lenses, torch.tensor([0.3, 0.3 * PICTURE, 0.5, 0.5], dtype=torch.float64))
    assert close(move_path([("zoom in", 1.0)], 5, before=wide, focal_length=0.9).lenses, wide.lenses[:1])


@pytest.mark.parametrize("easing", EASINGS)
def test_easings_arrive(easing: str) -> None:
    path = move_path([("move right", 1.0)], 17, easing=easing)
    way = path.positions[:, 0]
    assert close(way[-1], 1.5)
    assert bool((way.diff() >= 0).all())
    assert close(move_path([("move right", 1.0)], 8, path, easing).positions[-1], 2.25 * RIGHT)
    assert "hold" not in EASINGS


def test_ease_in_starts_slowly() -> None:
    steps = move_path([("move right", 1.0)], 17, easing="ease_in").positions[:, 0].diff()
    assert bool((steps.diff() > 0).all())


def test_wrong_settings() -> None:
    with pytest.raises(PathError, match="frames is 0"):
        move_path([], 0)
    with pytest.raises(PathError, match="focal_length is 0; it must be above 0"):
        move_path([], 4, focal_length=0.0)


def test_relative_paths_start_at_the_origin() -> None:
    path = move_path([("orbit left", 1.0), ("move up", 1.0)], 9, before=move_path([("tilt up", 1.0)], 5)).at([6, 9, 13])
    found = path.relative()
    assert close(found.poses[0], torch.eye(4))
    assert close(path.poses[0] @ found.poses, path.poses)


def test_rotations_and_back() -> None:
    generator = torch.Generator().manual_seed(1)
    vectors = torch.randn(200, 3, generator=generator, dtype=torch.float64) * 2
    turned = rotations(vectors)
    assert close(turned @ turned.mT, torch.eye(3))
    assert close(torch.einsum("nij,nj->ni", turned, vectors), vectors)
    trace = turned.diagonal(dim1=1, dim2=2).sum(1)
    assert close(trace, 1 + 2 * vectors.norm(dim=1).cos())
    assert close(matrices(quaternions(turned)), turned)


def test_a_part_of_a_turn_is_the_turn_by_a_part() -> None:
    axis = torch.tensor([[0.6, 0.0, 0.8]], dtype=torch.float64)
    for angle in (0.0, 1e-9, 1e-3, 1.0, 3.0):
        for part in (0.0, 0.25, 1.0):
            found = between(torch.eye(3).double()[None], rotations(axis * angle), torch.tensor([part]).double())
            assert close(found, rotations(axis * angle * part), 1e-7)


def test_resampled_paths() -> None:
    path = move_path([("pan left", 1.0), ("move up", 1.0)], 9)
    finer = path.resampled(33)
    assert close(finer.poses[::4], path.poses)
    assert close(finer.poses, move_path([("pan left", 0.25), ("move up", 0.25)], 33).poses)
    assert close(path.resampled(1).poses, path.poses[:1])
    assert close(path.at([2]).resampled(5).poses, path.poses[2])
    assert close(path.every(3).poses, path.poses[[0, 3, 6]])


def line(world_to_camera: np.ndarray, lens: str = "0.5 0.8 0.5 0.5", size: str = "0 0") -> str:
    return f"1234 {lens} {size} " + " ".join(f"{value:.9f}" for value in world_to_camera[:3].flatten())


def world_to_camera(path: CameraPath) -> list[np.ndarray]:
    return [np.linalg.inv(matrix) for matrix in path.poses.numpy()]


@pytest.mark.parametrize("header", ["", "https://www.youtube.com/watch?v=abc\n", "\n"])
def test_text_is_read_as_it_was_written(header: str) -> None:
    path = move_path([("orbit left", 1.0), ("tilt up", 0.3)], 12)
    found = read_trajectory(header + "\n".join(line(matrix) for matrix in world_to_camera(path)) + "\n\n")
    assert close(found.poses, path.poses, 1e-7)
    assert found.lenses.tolist() == [[0.5, 0.8, 0.5, 0.5]] * 12
    assert found.aspect == 1.6


def test_a_size_in_the_text_counts() -> None:
    assert read_trajectory(line(np.eye(4), size="640 320")).aspect == 2.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no line with numbers"),
        ("https://a.b/c\n", "no line with numbers"),
        ("url\n" + line(np.eye(4)) + "\n1 2 3", "line 3 has 3 entries, not 19"),
        ("1 2 3\n", "line 1 has 3 entries"),
        (line(np.eye(4)) + "\n" + line(np.eye(4)).replace("0.8", "wide"), "line 2: 'wide' is no number"),
        (line(np.eye(4), "0.5 nan 0.5 0.5"), "line 1: 'nan' is no number"),
        (line(np.eye(4), "0 0.8 0.5 0.5"), "line 1: the focal lengths are 0 and 0.8"),
        ("\n" + line(2 * np.eye(4)), "line 2: the matrix does not turn the camera but stretches or mirrors"),
        (line(np.diag([1.0, 1, -1, 1])), "stretches or mirrors"),
    ],
)
def test_text_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(PathError, match=words):
        read_trajectory(text)


@pytest.mark.parametrize(("height", "width"), [(4, 6), (6, 4), (4, 12)])
@pytest.mark.parametrize("center", [(0.5, 0.5), (0.45, 0.6)])
def test_lines_through_pixels(height: int, width: int, center: tuple[float, float]) -> None:
    path = move_path([("orbit right", 1.0), ("zoom in", 0.5), ("roll clockwise", 0.2)], 5)
    lens = [FOCAL_LENGTH, FOCAL_LENGTH * PICTURE, *center]
    seen = CameraPath(path.poses, torch.tensor([lens] * 5, dtype=torch.float64), PICTURE)
    wanted = reference_camera.rays(world_to_camera(path), lens, height, width, PICTURE)
    found = plucker_rays(seen.relative(), (height, width))
    assert float((found - torch.from_numpy(wanted)).norm() / np.linalg.norm(wanted)) < 1e-6


def test_lines_are_orthogonal_to_their_moments_and_start_at_zero() -> None:
    found = plucker_rays(move_path([("orbit right", 1.0)], 4), (8, 8))
    moments, directions = found[:, :3], found[:, 3:]
    assert close((moments * directions).sum(1), 0.0, 1e-6)
    assert close(directions.norm(dim=1), 1.0, 1e-6)
    assert close(moments[0], 0.0)
    # the middle of the picture lies between the pixels' centres
    assert close(directions[0, :2].mean((1, 2)), 0.0, 1e-6)


def test_a_square_picture_shows_the_middle() -> None:
    """Of a picture of 16:9 the height stays and the sides are cut: the same lines, fewer of them."""
    path = move_path([], 1)
    whole, middle = plucker_rays(path, (18, 32)), plucker_rays(path, (18, 18))
    assert close(whole[..., 7:25], middle, 1e-6)


def test_the_drawing_shows_where_the_camera_goes() -> None:
    left, right = (draw_path(move_path([(move, 1.0)], 16)) for move in ("move left", "move right"))
    assert left.shape == right.shape
    assert left.shape[0] == 1
    assert left.shape[3] == 3
    assert 0.0 <= float(left.min()) < float(left.max()) <= 1.0
    assert not torch.equal(left, right)
    assert bool(draw_path(move_path([], 1)).isfinite().all())


def test_huge_and_distant_paths_are_drawn() -> None:
    far = pose(torch.eye(3).double()[None], torch.tensor([[1e6, -1e6, 1e-6]]).double())
    path = CameraPath(far, torch.full((1, 4), 0.5).double(), 1.0)
    assert float(draw_path(path).std()) > 0.0
