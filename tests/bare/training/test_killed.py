"""A process that trains is killed at ten random moments, checkpoints half written or not, and loses nothing."""

import multiprocessing
import random
import time
from pathlib import Path

import torch
from kinema.motion.training import Checkpoints, Denoising, Noising, Settings, Trainer

from .toy import Toy, batch

STEPS, KILLS = 4000, 10


def made() -> Trainer:
    """A training of many short steps."""
    noising = Noising.of("sqrt_linear (AnimateDiff)")
    return Trainer(Toy(), batch, Denoising(), noising, Settings(steps=STEPS, learning_rate=1e-3, average=0.9))


def train(folder: str, until: int) -> None:
    """What the process does: it saves a checkpoint every few steps."""
    torch.set_num_threads(1)
    kept, training = Checkpoints(Path(folder)), made()
    state = kept.newest()
    if state is not None:
        training.restore(state)
    while training.step < until:
        training.advance()
        if training.step % 3 == 0 or training.step == until:
            kept.save(training.state())


def test_ten_kills_change_nothing(tmp_path: Path) -> None:
    context, draw = multiprocessing.get_context("fork"), random.Random(0)
    kept, moments = Checkpoints(tmp_path), []
    for _ in range(KILLS):
        before = kept.newest()
        process = context.Process(target=train, args=(str(tmp_path), STEPS))
        process.start()
        deadline = time.monotonic() + 20
        # it has begun to save when it is killed, somewhere
        while time.monotonic() < deadline and _step(kept) <= (before.step if before else 0):
            time.sleep(0.01)
        time.sleep(draw.random() * 0.2)
        process.kill()
        process.join()
        moments.append(_step(kept))
    assert moments == sorted(set(moments))
    last = moments[-1] + 5
    train(str(tmp_path), last)
    torch.set_num_threads(1)
    whole = made()
    for _ in range(last):
        whole.advance()
    found = kept.newest()
    assert found.curve == whole.curve
    assert found.tensors.keys() == whole.state().tensors.keys()
    for key, tensor in whole.state().tensors.items():
        assert torch.equal(found.tensors[key], tensor), key
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".kinema-")]


def _step(kept: Checkpoints) -> int:
    state = kept.newest()
    return 0 if state is None else state.step
