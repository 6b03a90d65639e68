"""The windows of a step on several devices: the same to the bit, whichever is faster, slower or fails."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comfy.model_management as management
import pytest
import torch
from kinema.nodes.host.crossframe import CrossFrame, read_across
from kinema.nodes.host.windows.devices import Work

from ..consistent import referred, reusing
from ..models import Patcher, animated, sample, tiny_motion
from ..several import again, device_of, on_devices
from .test_sliding import slid

FRAMES = 26


@pytest.fixture(scope="module")
def model() -> Patcher:
    return again()


def watching(patcher: Patcher, then: Callable[[str], None] = lambda _: None) -> Counter[str]:
    """How many calls of the UNet each device makes; ``then`` is told of each."""
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def note(q: Any, k: Any, v: Any, options: dict[str, Any]) -> Any:
        if options["block"] == ("input", 1):
            with lock:
                seen[device_of(options)] += 1
            then(device_of(options))
        return q, k, v

    patcher.set_model_attn2_patch(note)
    return seen


@pytest.mark.parametrize(
    ("count", "cfg", "options"),
    [
        (2, 5.0, {}),
        (3, 1.0, {}),
        (2, 5.0, {"schedule": "looped_uniform", "closed_loop": True}),
        (2, 1.0, {"at_once": 2}),
    ],
)
def test_the_result_is_that_of_one_device(model, tmp_path: Path, count: int, cfg: float, options: Any) -> None:
    patched = slid(animated(model, tiny_motion(tmp_path), scale=[0.1 * n for n in range(FRAMES)]), **options)
    wanted = sample(patched, frames=FRAMES, cfg=cfg)
    split = on_devices(patched, count)
    seen = watching(split)
    assert torch.equal(sample(split, frames=FRAMES, cfg=cfg), wanted)
    assert len(seen) == count, "every device has its part, also at cfg 1"


@pytest.mark.parametrize(
    "made",
    [
        lambda patched: referred(patched, 0.7, mode="first"),
        lambda patched: referred(patched, 0.7, mode="sliding", width=3),
        lambda patched: referred(patched, 0.7, mode="indexes", frames=(0, 12)),
        lambda patched: referred(patched, 0.7, by="adain"),
        lambda patched: reusing(patched, 0.5),
    ],
)
def test_windows_that_read_another_wait_for_it(model, tmp_path: Path, made: Callable[[Patcher], Patcher]) -> None:
    patched = made(slid(animated(model, tiny_motion(tmp_path))))
    assert torch.equal(sample(on_devices(patched, 3), frames=FRAMES), sample(patched, frames=FRAMES))


def test_frames_that_read_the_first_one_wait_for_it(model) -> None:
    patched = slid(read_across(model, CrossFrame(previous=True)))
    split = on_devices(patched, 2)
    seen = watching(split)
    assert torch.equal(sample(split, frames=FRAMES), sample(patched, frames=FRAMES))
    assert len(seen) == 2


def test_a_slow_device_takes_less(model) -> None:
    patched = slid(model)
    split = on_devices(patched, 2)
    seen = watching(split, lambda device: time.sleep(1.0) if device == "cpu:1" else None)
    assert torch.equal(sample(split, frames=FRAMES, steps=1), sample(patched, frames=FRAMES, steps=1))
    assert seen["cpu:1"] < seen["cpu"]


def test_a_device_that_fails_hands_its_windows_to_others(model, caplog: pytest.LogCaptureFixture) -> None:
    def fail(device: str) -> None:
        if device == "cpu:1":
            raise RuntimeError("the cable is out")

    patched = slid(model)
    split = on_devices(patched, 3)
    seen = watching(split, fail)
    with caplog.at_level(logging.WARNING):
        assert torch.equal(sample(split, frames=FRAMES, steps=3), sample(patched, frames=FRAMES, steps=3))
    told = [record.message for record in caplog.records if "cpu:1 failed" in record.message]
    assert told == ["[Kinema] cpu:1 failed, and its windows go to the other devices. RuntimeError: the cable is out"]
    assert seen["cpu:1"] == 1, "it is not asked again in this sampling"


def test_what_fails_everywhere_is_an_error(model) -> None:
    split = on_devices(slid(model), 2)

    def fail(_: str) -> None:
        raise RuntimeError("it is not the device")

    watching(split, fail)
    with pytest.raises(RuntimeError, match="it is not the device"):
        sample(split, frames=FRAMES, steps=1)


def test_an_interrupt_reaches_every_device(model) -> None:
    split = on_devices(slid(model), 2)
    pressed: list[str] = []

    def press(device: str) -> None:
        if device == "cpu:1" and not pressed:
            pressed.append(device)
            management.interrupt_current_processing()

    seen = watching(split, press)
    with pytest.raises(management.InterruptProcessingException):
        sample(split, frames=FRAMES, steps=3)
    assert sum(seen.values()) < 3 * 4
    assert bool(sample(split, frames=FRAMES, steps=1).isfinite().all()), "the next sampling is not disturbed"


def test_work_is_done_once() -> None:
    work = Work[int](3)
    assert (work.take(), work.take()) == (0, 1)
    work.give_back(0)
    assert (work.take(), work.take(), work.take()) == (0, 2, None)
    work.give_back(2)
    work.stop()
    assert work.take() is None
