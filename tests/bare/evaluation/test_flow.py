"""Optical flow against translations that are known, and what is told by it."""

import pytest
import torch
from kinema.motion.camera import move_path
from kinema.motion.evaluation import (
    brightness,
    camera_shake,
    expected_flow,
    fetched,
    flow_picture,
    frozen_frames,
    look_at_steps,
    loop_closure,
    motion_direction,
    motion_magnitude,
    optical_flow,
    scaled_down,
    temporal_flicker,
    visible,
    warping_error,
)
from kinema.motion.evaluation.scores import Score

from .clips import blurred, flickering, moving, noisy, panning, pattern


def known(score: Score | None) -> Score:
    assert score is not None
    return score


@pytest.mark.parametrize("way", [(0.3, 0.2), (1.0, -2.0), (3.7, 1.3), (-6.0, 5.0), (0.0, 0.0), (19.0, 0.0)])
def test_translations_are_found(way: tuple[float, float]) -> None:
    side = 192
    first, second = brightness(torch.stack([pattern(side, side), pattern(side, side, *way)])).split(1)
    off = (optical_flow(first, second) - torch.tensor(way)[:, None, None]).norm(dim=1)
    margin = side // 8
    assert float(off[:, margin:-margin, margin:-margin].mean()) < (0.05 if way[0] == int(way[0]) else 0.1)
    assert float(off.mean()) < 1.0


def test_where_nothing_is_to_be_seen_nothing_moves() -> None:
    flat = torch.full((1, 1, 32, 32), 0.5)
    assert float(optical_flow(flat, flat + 0.001).abs().max()) < 0.01


def test_each_pair_is_found_as_if_alone() -> None:
    grey = brightness(panning(4))
    together = optical_flow(grey[:-1], grey[1:])
    for number in range(3):
        alone = optical_flow(grey[number : number + 1], grey[number + 1 : number + 2])
        torch.testing.assert_close(together[number : number + 1], alone, atol=1e-4, rtol=0)


def test_pictures_are_fetched_along_a_flow() -> None:
    picture = torch.rand(1, 3, 20, 24)
    flow = torch.zeros(1, 2, 20, 24)
    flow[:, 0], flow[:, 1] = 3.0, -2.0
    torch.testing.assert_close(fetched(picture, flow)[:, :, 2:, :-3], picture[:, :, :-2, 3:])


def test_what_leaves_the_picture_is_not_visible() -> None:
    flow = torch.zeros(1, 2, 16, 16)
    flow[:, 0] = 4.0
    seen = visible(flow, -flow)[0, 0]
    assert bool(seen[:, :12].all())
    assert not bool(seen[:, 12:].any())
    # where forwards and back disagree something came before it
    assert not bool(visible(flow, flow).any())


def test_a_large_picture_is_scaled_down_and_motion_is_told_in_its_pixels() -> None:
    clip = moving([(0, 0), (4, 0), (8, 0)], 64)
    large = torch.nn.functional.interpolate(clip, scale_factor=10, mode="bicubic").clamp(0, 1)
    assert scaled_down(large).shape[2:] == (320, 320)
    assert known(motion_magnitude(look_at_steps(large))).value == pytest.approx(40.0, rel=0.02)


def test_magnitude_is_the_way_in_pixels() -> None:
    score = motion_magnitude(look_at_steps(panning(5, 3.0, 4.0)))
    assert score.value == pytest.approx(5.0, abs=0.15)
    assert (len(score.curve), score.first) == (4, 1)


def test_noise_raises_the_warping_error_by_twice_its_variance() -> None:
    still = panning(4, 0.0) * 0.5 + 0.25
    for deviation in (0.02, 0.04):
        found = warping_error(look_at_steps(noisy(still, deviation))).value
        # the flow follows some of the noise, and interpolates between pixels
        assert 0.5 * 2000 * deviation**2 < found <= 1.05 * 2000 * deviation**2
    assert warping_error(look_at_steps(still)).value == pytest.approx(0.0, abs=1e-6)


def test_the_warping_error_orders_noise_and_flicker() -> None:
    clip = panning(5)
    values = [warping_error(look_at_steps(each)).value for each in (clip, noisy(clip, 0.03), noisy(clip, 0.1))]
    assert values == sorted(values)
    assert values[0] < 0.05
    flickers = [warping_error(look_at_steps(flickering(clip, each))).value for each in (0.0, 0.02, 0.1)]
    assert flickers == sorted(flickers)


@pytest.mark.parametrize("amplitude", [0.0, 0.01, 0.1])
def test_flicker_is_its_amplitude(amplitude: float) -> None:
    clip = flickering(panning(6, 0.0), amplitude)
    score = known(temporal_flicker(clip))
    assert score.value == pytest.approx(100 * amplitude, abs=1e-4)
    assert (len(score.curve), score.first) == (4, 1)


def test_a_fade_and_a_pan_hardly_flicker() -> None:
    fade = pattern(32, 32)[None] * torch.linspace(0.2, 0.8, 6)[:, None, None, None]
    assert known(temporal_flicker(fade)).value == pytest.approx(0.0, abs=1e-4)
    assert known(temporal_flicker(panning(8))).value < 1.0
    assert temporal_flicker(fade[:2]) is None


@pytest.mark.parametrize("amplitude", [0.5, 1.0])
def test_shake_is_its_amplitude(amplitude: float) -> None:
    steady = [(1.0 * frame, 0.0) for frame in range(7)]
    shaken = [(x, amplitude * (-1) ** frame) for frame, (x, _) in enumerate(steady)]
    assert known(camera_shake(look_at_steps(moving(steady)))).value < 0.05
    assert known(camera_shake(look_at_steps(moving(shaken)))).value == pytest.approx(amplitude, abs=0.07)


def test_frozen_frames_are_counted() -> None:
    clip = panning(9)
    assert frozen_frames(clip).value == 0.0
    clip[4], clip[7] = clip[3], clip[6]
    assert frozen_frames(clip).value == 25.0
    assert motion_magnitude(look_at_steps(clip)).value < motion_magnitude(look_at_steps(panning(9))).value
    assert frozen_frames(noisy(clip, 0.001)).value == 0.0


def test_a_loop_closes() -> None:
    angles = torch.linspace(0, 2 * torch.pi, 9)[:-1]
    circle = [(4 * float(angle.cos()), 4 * float(angle.sin())) for angle in angles]
    assert loop_closure(moving(circle)).value > 94.0
    assert loop_closure(moving(circle[:5])).value < 80.0
    repeated = loop_closure(moving([*circle, circle[0]]))
    assert repeated.value == 100.0
    assert "repeats the first" in repeated.note
    # a closed form: three even steps and a jump of three
    ramp = torch.linspace(0.2, 0.5, 4)[:, None, None, None].expand(4, 3, 16, 16)
    assert loop_closure(ramp).value == pytest.approx(100 / 3, rel=1e-5)
    assert loop_closure(ramp[:1].expand(4, -1, -1, -1)).value == 100.0


@pytest.mark.parametrize(
    ("move", "way"),
    [
        ("pan right", (-1, 0)),
        ("pan left", (1, 0)),
        ("tilt up", (0, 1)),
        ("move right", (-1, 0)),
        ("move down", (0, -1)),
    ],
)
def test_the_picture_goes_against_the_camera(move: str, way: tuple[int, int]) -> None:
    path = move_path([(move, 0.3)], 5)
    right = look_at_steps(panning(5, 2.0 * way[0], 2.0 * way[1]))
    wrong = look_at_steps(panning(5, -2.0 * way[0], -2.0 * way[1]))
    across = look_at_steps(panning(5, 2.0 * way[1], 2.0 * way[0]))
    values = [known(motion_direction(each, path)).value for each in (right, across, wrong)]
    assert values[0] > 95
    assert abs(values[1]) < 20
    assert values[2] < -95


def test_a_zoom_goes_outwards() -> None:
    flow = expected_flow(move_path([("zoom in", 0.5)], 3), 32, 48)
    assert bool((flow[:, 0, :, 30:] > 0).all())
    assert bool((flow[:, 0, :, :18] < 0).all())
    assert bool((flow[:, 1, 20:] > 0).all())
    # a closed form: from the distance d to d - s everything moves away from the centre by s / (d - s)
    step, place = 0.5 * 2.0 / 16, (47.5 - 24) / (1.5 - 0.5 * 2.0 / 16)
    assert float(flow[0, 0, 16, 47]) == pytest.approx(step * place, rel=1e-6)


def test_a_turn_of_the_camera_moves_the_middle_by_focal_length_times_tangent() -> None:
    path = move_path([("pan right", 1.0)], 3)
    turn = torch.pi / 3 / 16
    found = expected_flow(path, 64, 64)[0, 0, 32, 32]
    wanted = -float(path.lenses[0, 0]) * path.aspect * 64 * torch.tan(torch.tensor(turn))
    assert float(found) == pytest.approx(float(wanted), rel=0.02)


def test_a_camera_that_stands_has_no_direction() -> None:
    assert motion_direction(look_at_steps(panning(4)), move_path([("static", 1.0)], 4)) is None


def test_blur_takes_nothing_from_motion() -> None:
    values = [motion_magnitude(look_at_steps(blurred(panning(4, 2.0), radius))).value for radius in (0, 1, 2)]
    assert values == pytest.approx([2.0] * 3, abs=0.12)


def test_directions_have_colours() -> None:
    flow = torch.zeros(4, 2, 1, 1)
    flow[0, 0], flow[1, 1], flow[2, 0] = 2.0, 2.0, -2.0
    colours = flow_picture(flow, 2.0)[:, :, 0, 0]
    torch.testing.assert_close(colours[0], torch.tensor([1.0, 0.0, 0.0]))
    torch.testing.assert_close(colours[1], torch.tensor([0.5, 1.0, 0.0]))
    torch.testing.assert_close(colours[2], torch.tensor([0.0, 1.0, 1.0]), atol=1e-6, rtol=0)
    assert colours[3].sum() == 0
