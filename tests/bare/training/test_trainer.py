"""A trainer learns, is a function of its seed, and goes on to the bit from wherever it was stopped."""

import math
import random
from pathlib import Path

import pytest
import torch
from kinema.motion.training import (
    Checkpoints,
    Denoising,
    DivergedError,
    Draws,
    DualPath,
    Noising,
    Settings,
    Trainer,
    TrainingError,
)

from .toy import Toy, batch

NOISING = Noising.of("sqrt_linear (AnimateDiff)")


def trainer(objective=None, **settings) -> Trainer:
    chosen = Settings(**({"steps": 12, "learning_rate": 1e-2} | settings))
    return Trainer(Toy(), batch, objective or Denoising(), NOISING, chosen)


def test_the_loss_falls() -> None:
    training = trainer(steps=300)
    for weight in training.network.parameters.values():
        weight.data += 0.5
    before = training.validate(batch, 4)
    for _ in range(300):
        training.advance()
    assert training.validate(batch, 4) < 0.3 * before


def test_one_step_is_that_of_torch() -> None:
    """AdamW with the loss written out."""
    training, plain = trainer(clip_norm=0.0), Toy()
    step = training.advance()
    learnt = list(plain.parameters.values())
    optimiser = torch.optim.AdamW(learnt, 1e-2, (0.9, 0.999), 1e-8, 1e-2)
    loss = Denoising().loss(plain, batch(0), NOISING, _draws(training, 0))
    loss.backward()
    optimiser.step()
    assert step.loss == loss.item()
    for name, weight in training.network.parameters.items():
        # torch's step for all weights at once rounds in another order
        torch.testing.assert_close(weight, plain.parameters[name], rtol=1e-6, atol=1e-7)


def test_accumulation_is_the_mean_of_its_batches() -> None:
    training, plain = trainer(accumulation=3, optimiser="sgd", weight_decay=0.0, clip_norm=0.0), Toy()
    training.advance()
    for part in range(3):
        (Denoising().loss(plain, batch(part), NOISING, _draws(training, 0, part)) / 3).backward()
    for name, weight in plain.parameters.items():
        assert weight.grad is not None
        torch.testing.assert_close(training.network.parameters[name], weight.sub(weight.grad, alpha=1e-2))


def test_long_gradients_are_shortened() -> None:
    plain, cut = trainer(optimiser="sgd", clip_norm=0.0, weight_decay=0.0), trainer(optimiser="sgd", weight_decay=0.0)
    before = {name: weight.detach().clone() for name, weight in cut.network.parameters.items()}
    norm = plain.advance().norm
    cut = trainer(optimiser="sgd", clip_norm=norm / 2, weight_decay=0.0)
    assert cut.advance().norm == norm
    for name, weight in cut.network.parameters.items():
        wanted = before[name] + (plain.network.parameters[name].detach() - before[name]) / 2
        torch.testing.assert_close(weight.detach(), wanted, rtol=1e-4, atol=1e-6)


def test_the_average_follows_slowly() -> None:
    training = trainer(average=0.75)
    start = {name: weight.detach().clone() for name, weight in training.network.parameters.items()}
    training.advance()
    for name, weight in training.network.parameters.items():
        torch.testing.assert_close(training.weights()[name], 0.75 * start[name] + 0.25 * weight.detach())


@pytest.mark.parametrize("optimiser", ["adamw", "adafactor", "sgd"])
@pytest.mark.parametrize("objective", [Denoising(gamma=5.0, offset=0.05), DualPath()])
def test_killed_at_ten_random_moments_it_ends_with_the_same_weights(tmp_path: Path, optimiser, objective) -> None:
    options = {"steps": 25, "optimiser": optimiser, "average": 0.9, "accumulation": 2, "rate_schedule": "cosine"}
    whole = trainer(objective, **options, warmup=3)
    for _ in range(25):
        whole.advance()
    whole.validate(batch, 2)
    draw = random.Random(optimiser)
    for number in range(10):
        kept = Checkpoints(tmp_path / f"{optimiser} {number}")
        done = 0
        while done < 25:
            training = trainer(objective, **options, warmup=3)
            state = kept.newest()
            if state is not None:
                training.restore(state)
            stop = min(25, training.step + draw.randint(1, 12))
            while training.step < stop:
                training.advance()
                if draw.random() < 0.5:
                    kept.save(training.state())
            done = training.step
            if done == 25:
                training.validate(batch, 2)
                assert training.curve == whole.curve
                for name, weight in training.network.parameters.items():
                    assert torch.equal(weight, whole.network.parameters[name])
                    assert torch.equal(training.weights()[name], whole.weights()[name])


def test_other_seeds_go_other_ways() -> None:
    assert trainer(seed=1).advance().loss != trainer(seed=2).advance().loss


def test_a_loss_that_is_no_number_changes_nothing() -> None:
    training = trainer()
    training.advance()
    before = {name: weight.detach().clone() for name, weight in training.network.parameters.items()}
    training.network.spoil = math.nan
    with pytest.raises(DivergedError, match="loss of step 2 is nan.*Lower learning_rate"):
        training.advance()
    for name, weight in training.network.parameters.items():
        assert torch.equal(weight, before[name])
    training.network.spoil = 1.0
    assert training.advance().number == 2


def test_gradients_that_are_infinite_change_nothing() -> None:
    training = trainer()
    before = {name: weight.detach().clone() for name, weight in training.network.parameters.items()}
    training.network.parameters["temporal.text"].register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(DivergedError, match="gradients of step 1"):
        training.advance()
    for name, weight in training.network.parameters.items():
        assert torch.equal(weight, before[name])


def test_memory_that_is_used_up_is_told_with_what_to_lower() -> None:
    training = trainer()

    def full(*_args, **_options):
        raise torch.OutOfMemoryError("CUDA out of memory")

    training.network.predict = full
    with pytest.raises(TrainingError, match="not enough memory.*batch_size to 1.*256 x 256.*go on"):
        training.advance()


def test_validation_is_the_same_whatever_was_learnt_before() -> None:
    training = trainer()
    first = training.validate(batch, 2)
    assert training.validate(batch, 2) == first
    assert training.curve.validations == {0: first}
    assert all(weight.grad is None for weight in training.network.parameters.values())


def test_packages_that_are_missing_are_named() -> None:
    with pytest.raises(TrainingError, match="pip install lion-pytorch"):
        trainer(optimiser="lion")


def _draws(training: Trainer, step: int, part: int = 0) -> Draws:
    return Draws(training.settings.seed, step, part)
