"""Motion in latents equals Text2Video-Zero's: the camera, the noise, the background, and the steps it happens at."""

import pytest
import torch
from kinema.motion.crossframe import (
    CameraMotion,
    CrossFrameError,
    MotionSteps,
    first_rows,
    motion_steps,
    moved,
    noised,
    previous_rows,
    smoothed,
)
from torch import Tensor

from tests.papers import zero as reference
from tests.papers.error import relative_error

USUAL = [981 - 20 * step for step in range(50)]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("move", [(12.0, 12.0), (-12.0, 5.0), (0.0, 0.0), (37.0, -250.0), (512.0, 100.0)])
@pytest.mark.parametrize("frames", [2, 17])
def test_the_camera_moves_as_the_authors_move_it(move: tuple[float, float], frames: int) -> None:
    frame = drawn(4, 64, 64)
    found = moved(frame.expand(frames, -1, -1, -1), CameraMotion(*move))
    assert torch.equal(found, reference.warped(frame, frames, *move))
    assert torch.equal(found[0], frame)


def test_motion_has_one_measure_in_both_directions() -> None:
    """A place of the latent is 8 pixels of 512 where it is 64 wide, whatever the height."""
    frame = drawn(1, 4, 32, 128).expand(2, -1, -1, -1)
    found = moved(frame, CameraMotion(8.0, 4.0))[1]
    assert torch.equal(found[:, :31, :126], frame[0, :, 1:, 2:])
    # mirrored beyond the edge
    assert torch.equal(found[:, :31, 126], frame[0, :, 1:, 127])
    assert torch.equal(found[:, :31, 127], frame[0, :, 1:, 126])


@pytest.mark.parametrize(("low", "high"), [(0.06, 0.04), (0.9, 0.005), (0.5, 0.5)])
def test_noise_is_added_as_the_forward_process_adds_it(low: float, high: float) -> None:
    x, noise = drawn(3, 4, 8, 8), drawn(3, 4, 8, 8, seed=1)
    below, above = (((1 - alpha) / alpha) ** 0.5 for alpha in (low, high))
    found = noised(x / low**0.5, below, above, noise) * high**0.5
    assert relative_error(found, reference.forward(x, low, high, noise)) <= 1e-6


@pytest.mark.parametrize("move", [(12.0, 12.0), (-30.0, 6.0)])
@pytest.mark.parametrize(("strength", "grow"), [(0.6, 2), (1.0, 0), (0.25, 1)])
def test_the_background_is_smoothed_as_the_paper_does(move: tuple[float, float], strength: float, grow: int) -> None:
    x, subject = drawn(5, 4, 32, 32), (drawn(5, 32, 32, seed=2) > 2.9).float()
    subject[:, 12:20, 9:19] = 1
    pixels = subject.repeat_interleave(8, 1).repeat_interleave(8, 2)
    found = smoothed(x, pixels, CameraMotion(*move), strength, grow)
    assert relative_error(found, reference.smoothed(x, subject, *move, strength, grow)) <= 1e-6
    assert torch.equal(found[0], x[0])
    assert torch.equal(found[:, :, 12:20, 9:19], x[:, :, 12:20, 9:19])


def test_one_mask_for_all_frames() -> None:
    x, subject = drawn(4, 4, 16, 16), torch.zeros(1, 16, 16)
    subject[0, :8] = 1
    every = smoothed(x, subject.expand(4, -1, -1), CameraMotion(), 0.6, 1)
    assert torch.equal(smoothed(x, subject, CameraMotion(), 0.6, 1), every)
    assert torch.equal(smoothed(x, subject, CameraMotion(), 0.0, 1), x)


def test_clips_that_have_no_background() -> None:
    mask = torch.zeros(3, 16, 16)
    with pytest.raises(CrossFrameError, match="There are 3 masks, but 4 frames"):
        smoothed(drawn(4, 4, 16, 16), mask, CameraMotion(), 0.6, 2)
    with pytest.raises(CrossFrameError, match="1 frame is a picture"):
        smoothed(drawn(1, 4, 16, 16), mask, CameraMotion(), 0.6, 2)
    with pytest.raises(CrossFrameError, match=r"shape \[1, 4, 3, 16, 16\]"):
        smoothed(drawn(1, 4, 3, 16, 16), mask, CameraMotion(), 0.6, 2)


def test_the_authors_steps() -> None:
    assert motion_steps(USUAL, 881, 941) == MotionSteps(start=2, moved=5)
    assert motion_steps(USUAL, 941, 941) == MotionSteps(start=2, moved=2)
    assert motion_steps(USUAL, 875, 938) == MotionSteps(start=2, moved=5)


def test_every_number_of_steps() -> None:
    for count in range(2, 1001):
        timesteps = list(range(1, 1000, 1000 // count))[::-1]
        steps = motion_steps(timesteps, 881, 941)
        assert 0 <= steps.start < steps.moved < len(timesteps)
        assert abs(timesteps[steps.start] - 941) == min(abs(each - 941) for each in timesteps)
        # at most one step later than the nearest
        assert abs(timesteps[steps.moved] - 881) <= 2 * (1000 // count)


def test_timesteps_that_are_none() -> None:
    with pytest.raises(CrossFrameError, match="t0 is 900, above t1, which is 800"):
        motion_steps(USUAL, 900, 800)
    with pytest.raises(CrossFrameError, match=r"With 1 steps there is none below t1 \(941\)"):
        motion_steps([1], 881, 941)
    with pytest.raises(CrossFrameError, match="none below t1"):
        motion_steps(USUAL, 1, 2)


def test_which_frames_are_read() -> None:
    assert first_rows(range(4), 4) == [0] * 4
    assert previous_rows(range(4), 4) == [0, 0, 1, 2]
    # two windows in one call, frame 0 in the second; the first of the clip never reads another one
    assert first_rows([3, 4, 5, 5, 0, 1], 3) == [4] * 6
    assert previous_rows([3, 4, 5, 5, 0, 1], 3) == [0, 0, 1, 3, 4, 4]
    # it is in none of them
    assert first_rows([3, 4, 5, 6], 2) == [0, 0, 2, 2]
