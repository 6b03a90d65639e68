"""The forward process and what is predicted, against their formulas."""

import pytest
import torch
from kinema.motion.training import Denoising, Draws, DualPath, Noising, TrainingError, picked_frames

from .toy import CHANNELS, CLIPS, FRAMES, SIDE, Toy, batch

LINEAR, SCALED = "sqrt_linear (AnimateDiff)", "linear (HotshotXL/default)"
SHAPE = (3, 4, 5, 2, 2)


def kept(scaled: bool) -> torch.Tensor:
    if scaled:
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    else:
        betas = torch.linspace(0.00085, 0.012, 1000, dtype=torch.float64)
    return torch.cumprod(1.0 - betas, 0)


@pytest.mark.parametrize(("name", "scaled"), [(LINEAR, False), (SCALED, True)])
def test_noise_levels_are_those_of_the_betas(name: str, scaled: bool) -> None:
    torch.testing.assert_close(Noising.of(name).kept, kept(scaled), rtol=1e-10, atol=0.0)


@pytest.mark.parametrize("prediction", ["epsilon", "v"])
def test_clips_become_noisy_and_targets_fit(prediction: str) -> None:
    latents, noise = torch.randn(SHAPE), torch.randn(SHAPE)
    times = torch.tensor([0, 500, 999])
    noising = Noising.of(LINEAR, prediction)
    share = kept(False)[times].view(-1, 1, 1, 1, 1).float()
    noisy = share.sqrt() * latents + (1 - share).sqrt() * noise
    torch.testing.assert_close(noising.noised(latents, noise, times), noisy)
    wanted = noise if prediction == "epsilon" else share.sqrt() * noise - (1 - share).sqrt() * latents
    torch.testing.assert_close(noising.target(latents, noise, times), wanted)


def test_nothing_is_left_at_the_end_of_a_zero_terminal_schedule() -> None:
    noising = Noising.of(SCALED, "v", zero_snr=True)
    latents, noise = torch.randn(SHAPE), torch.randn(SHAPE)
    last = torch.full((3,), 999)
    assert torch.equal(noising.noised(latents, noise, last), noise)
    assert torch.equal(noising.target(latents, noise, last), -latents)
    torch.testing.assert_close(noising.kept[0], kept(True)[0])
    assert torch.isfinite(noising.weights(torch.arange(1000), 5.0)).all()


def test_noise_alone_cannot_be_predicted_from_noise() -> None:
    with pytest.raises(TrainingError, match="v-prediction"):
        Noising.of(LINEAR, "epsilon", zero_snr=True)


def test_weights_are_those_of_min_snr() -> None:
    times = torch.tensor([0, 300, 600, 999])
    ratio = kept(False)[times] / (1 - kept(False)[times])
    epsilon = torch.minimum(ratio, torch.tensor(5.0).double()) / ratio
    velocity = torch.minimum(ratio, torch.tensor(5.0).double()) / (ratio + 1)
    torch.testing.assert_close(Noising.of(LINEAR).weights(times, 5.0), epsilon.float())
    torch.testing.assert_close(Noising.of(LINEAR, "v").weights(times, 5.0), velocity.float())
    assert torch.equal(Noising.of(LINEAR).weights(times, 0.0), torch.ones(4))


def test_where_no_signal_is_left_something_is_learnt_all_the_same() -> None:
    """As Moore-AnimateAnyone's trainer weighs v: one is added to the ratio before it is compared, too."""
    times = torch.tensor([0, 300, 600, 999])
    ratio = kept(True)[times] / (1 - kept(True)[times]) + 1
    wanted = torch.minimum(ratio, torch.tensor(5.0).double()) / ratio
    found = Noising.of(LINEAR, "v", zero_snr=True).weights(times, 5.0)
    torch.testing.assert_close(found, wanted.float())
    assert found[-1] == 1.0


def test_a_reference_is_another_frame_of_the_clip() -> None:
    for number in range(200):
        picked = picked_frames(Draws(3, number), 4, 2, single=True)
        assert picked.shown is not None
        assert torch.equal(picked.reference, 1 - picked.shown)
    several = [picked_frames(Draws(3, number), 4, 6, single=True) for number in range(200)]
    pairs = {
        pair
        for shown, reference in several
        if shown is not None
        for pair in zip(shown.tolist(), reference.tolist(), strict=True)
    }
    assert pairs == {(one, other) for one in range(6) for other in range(6) if one != other}
    whole = [picked_frames(Draws(3, number), 4, 6, single=False) for number in range(200)]
    assert all(each.shown is None for each in whole)
    assert set(torch.cat([each.reference for each in whole]).tolist()) == set(range(6))


def test_draws_depend_on_step_part_and_purpose_alone() -> None:
    first = Draws(0, 5, 1).normal(SHAPE, "noise", torch.zeros(1))
    assert torch.equal(first, Draws(0, 5, 1).normal(SHAPE, "noise", torch.zeros(1)))
    for other in (Draws(1, 5, 1), Draws(0, 6, 1), Draws(0, 5, 0)):
        assert not torch.equal(first, other.normal(SHAPE, "noise", torch.zeros(1)))
    assert not torch.equal(first, Draws(0, 5, 1).normal(SHAPE, "offset", torch.zeros(1)))
    times = torch.cat([Draws(0, step).whole(10, 1000, "timestep") for step in range(200)])
    assert times.min() < 10
    assert times.max() > 989
    assert abs(float(times.float().mean()) - 499.5) < 25


def test_the_offset_is_the_same_all_over_a_channel_of_a_clip() -> None:
    """A network that hands its input on shows what noise was put in."""

    def loss(offset: float) -> float:
        return Denoising(offset=offset).loss(Toy(), batch(0), Noising.of(LINEAR), Draws(0, 0)).item()

    assert loss(0.0) != loss(0.1)


def test_two_paths_ask_as_motion_director_does() -> None:
    """The whole clip with the look fixed, then one frame without the motion, except in a fifth of the steps."""
    skipped = 0
    for step in range(200):
        toy = Toy()
        loss = DualPath().loss(toy, batch(step), Noising.of(LINEAR), Draws(0, step))
        loss.backward()
        (shape, without, fixed), *rest = toy.asked
        assert shape == (CLIPS, CHANNELS, FRAMES, SIDE, SIDE)
        assert fixed == {"spatial"}
        assert toy.parameters["temporal.matrix"].grad is not None
        if rest:
            ((shape, still, free),) = rest
            assert shape == (CLIPS, CHANNELS, 1, SIDE, SIDE)
            assert still == {"temporal"}
            assert not free
            assert not without
            assert toy.parameters["spatial.matrix"].grad is not None
        else:
            skipped += 1
            assert without == {"spatial"}
            assert toy.parameters["spatial.matrix"].grad is None
    assert 20 < skipped < 60


def test_the_debiased_loss_is_its_formula() -> None:
    toy, noising, draws = Toy(), Noising.of(LINEAR), Draws(3, 1)
    found = DualPath().loss(toy, batch(1), noising, draws)
    latents, context = batch(1).latents, batch(1).context
    times, noise = draws.whole(CLIPS, 1000, "timestep"), draws.normal(latents.shape, "noise", latents)
    noisy = noising.noised(latents, noise, times)
    skipped = draws.happens(0.2, "without the look")
    predicted = toy.predict(noisy, times, context, frozenset({"spatial"} if skipped else ()))
    anchor = int(draws.whole(1, FRAMES, "anchor"))
    pulled = [2**0.5 * x - x[:, :, anchor : anchor + 1] for x in (predicted, noise)]
    wanted = (predicted - noise).square().mean() + (pulled[0] - pulled[1]).square().mean()
    if not skipped:
        one = int(draws.whole(1, FRAMES, "frame"))
        still = toy.predict(noisy[:, :, one : one + 1], times, context, frozenset({"temporal"}))
        wanted = wanted + (still - noise[:, :, one : one + 1]).square().mean()
    torch.testing.assert_close(found, wanted)
