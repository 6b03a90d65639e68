"""A training over HTTP: to a file, beside other requests, cancelled and continued, and what is answered before it."""

import random
import threading
import time
from typing import Any

import pytest

from tests.harness import client, templates
from tests.harness.client import Event, Outcome
from tests.harness.seeded.names import CHECKPOINT
from tests.harness.server import Server
from tests.harness.templates import MOTION_MODULE

from .. import fuzz
from ..test_answers import failed

TRAIN, SETTINGS, LOAD = "KinemaTrainMotionLora", "KinemaTrainingSettings", "KinemaLoadMotionLora"
SECONDS, FUZZED_SECONDS = 120, 40
SLOWEST = 4.0
"""Of an answer while a training goes, in seconds: a step at most, on a machine that others use, too."""

DEFAULTS = {
    "learning_rate": 1e-4,
    "batch_size": 1,
    "seed": 0,
    "method": "plain",
    "layers": "attention",
    "start_from": "none",
}
SET = {"optimizer": "adamw", "warmup": 0, "accumulation": 1, "ema": 0.0, "precision": "fp32", "beta_schedule": "auto"}
"""Inputs that may be left out, for something to be wrong with them."""


def training(name: str, steps: int = 2, **inputs: Any) -> templates.Prompt:
    """A MotionLoRA from a picture under a camera, in the smallest size there is."""

    def node(kind: str, **values: Any) -> dict[str, Any]:
        return {"class_type": kind, "inputs": values}

    learns = {"model": ["1", 0], "motion_model": ["2", 0], "training_clips": ["5", 0], "settings": ["6", 0]}
    small = {"frames": 2, "width": 64, "height": 64}
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=CHECKPOINT),
        "2": node("KinemaLoadMotionModule", motion_module=MOTION_MODULE),
        "3": node("LoadImage", image="example.png"),
        "4": node("KinemaCameraMotionClips", image=["3", 0], **small),
        "5": node("KinemaPrepareClips", clips=["4", 0], vae=["1", 2], clip=["1", 1], held_out=0.0),
        "6": node(SETTINGS, preview_every=0, save_every=1000),
        "7": node(TRAIN, **learns, filename_prefix=name, steps=steps, rank=4, **inputs),
        "8": node("PreviewAny", source=["7", 3]),
    }


def report(outcome: Outcome) -> str:
    assert outcome.status == "success", outcome.message
    (text,) = outcome.outputs["8"]["text"]
    return text


def checkpoints(server: Server, name: str) -> list[int]:
    """Steps of the checkpoints of a training."""
    found = (server.output / "kinema" / "training").glob(f"{name}_*/step_*.safetensors")
    return sorted(int(path.stem.split("_")[1]) for path in found)


def listed(server: Server) -> list[str]:
    return client.get_json(server.url, f"/object_info/{LOAD}")[LOAD]["input"]["required"]["lora"][1]["options"]


def cancelled_at(server: Server, prompt: templates.Prompt, step: int) -> Outcome:
    """Run a prompt and press the button at a step of its training."""
    pressed = threading.Event()

    def watch(event: Event) -> None:
        data = event["data"]
        if event["type"] == "progress" and data["node"] == "7" and data["value"] >= step and not pressed.is_set():
            pressed.set()
            threading.Thread(target=client.post, args=(server.url, "/interrupt")).start()

    return client.run_prompt(server.url, prompt, watch)


def test_what_is_learnt_is_listed_and_loads(server: Server) -> None:
    assert not [name for name in listed(server) if "learnt" in name]
    told = report(client.run_prompt(server.url, training("mine/learnt")))
    assert told.startswith("learnt_00001_.safetensors: 2 steps, 1 clip\n")
    file = server.base / "models" / "animatediff_motion_lora" / "mine" / "learnt_00001_.safetensors"
    assert told.endswith(f"saved in {file.parent}")
    assert file.is_file()
    (name,) = [name for name in listed(server) if "learnt" in name]
    loaded = {
        "1": {"class_type": LOAD, "inputs": {"lora": name}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    assert client.run_prompt(server.url, loaded).status == "success"


def test_others_are_answered_while_it_trains_and_run_after_it(server: Server) -> None:
    learns, over = threading.Event(), threading.Event()
    answers: list[float] = []
    after: list[Outcome] = []

    def watch(event: Event) -> None:
        if event["type"] == "progress" and event["data"]["node"] == "7":
            learns.set()

    def others() -> None:
        learns.wait(SECONDS)
        while not over.is_set():
            for path in ("/system_stats", "/queue", f"/object_info/{LOAD}"):
                begun = time.monotonic()
                client.get_json(server.url, path)
                answers.append(time.monotonic() - begun)

    def behind() -> None:
        learns.wait(SECONDS)
        picture = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 7}}
        shown = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
        after.append(client.run_prompt(server.url, {"1": picture, "2": shown}))

    beside = [threading.Thread(target=others), threading.Thread(target=behind)]
    for thread in beside:
        thread.start()
    told = report(client.run_prompt(server.url, training("beside", steps=8), watch))
    over.set()
    for thread in beside:
        thread.join()
    assert "8 steps" in told
    assert [outcome.status for outcome in after] == ["success"]
    assert len(answers) >= 3
    # a busy machine may hold one back; a server that waits for the training holds back most
    assert sorted(answers)[len(answers) // 2] < SLOWEST


def test_cancelled_it_goes_on_when_it_is_queued_again(server: Server) -> None:
    prompt = training("stopped", steps=12)
    assert cancelled_at(server, prompt, 3).status == "interrupted"
    (step,) = checkpoints(server, "stopped")
    assert 3 <= step < 12
    told = report(client.run_prompt(server.url, prompt))
    assert told.startswith("stopped_00001_.safetensors: 12 steps")
    assert f"it went on from step {step}, where it was stopped" in told
    # as after a restart: every model is read again
    client.post(server.url, "/free", {"free_memory": True, "unload_models": True})
    longer = report(client.run_prompt(server.url, training("stopped", steps=13)))
    assert "it went on from step 12" in longer
    again = training("stopped", steps=13)
    again["6"]["inputs"]["save_every"] = 500
    assert "was finished before" in report(client.run_prompt(server.url, again))


def test_nobody_has_to_watch(server: Server) -> None:
    """The browser is closed: no websocket belongs to the prompt."""
    folder = server.base / "models" / "animatediff_motion_lora"
    client.post(server.url, "/prompt", {"prompt": training("alone"), "client_id": "gone"})
    end = time.monotonic() + SECONDS
    while not (found := [*folder.glob("alone_*.safetensors")]) and time.monotonic() < end:
        time.sleep(0.5)
    assert [path.name for path in found] == ["alone_00001_.safetensors"]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"filename_prefix": "../x"}, "leaves the models folder (..); write a path below it, for example mine/zoom"),
        ({"filename_prefix": ""}, "has no file name"),
        ({"steps": 0}, "steps takes a whole number from 1 to 1000000, not 0"),
        ({"steps": "many"}, "steps takes a whole number from 1"),
        ({"learning_rate": float("nan")}, "learning_rate takes a number from 1e-08 to 1, not NaN"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"batch_size": -1}, "batch_size takes a whole number from 1"),
        ({"rank": 0}, "rank takes a whole number from 1"),
        ({"method": "triple"}, "Choose one of: plain, dual path"),
        ({"start_from": "gone.safetensors"}, "start_from"),
        ({"training_clips": 3}, "training_clips takes a connection"),
        ({"settings": {}}, "settings takes a connection"),
    ],
    ids=str,
)
def test_what_is_answered_before_the_run(server: Server, inputs: dict[str, Any], words: str) -> None:
    prompt = training("refused")
    prompt["7"]["inputs"].update(inputs)
    failed(server, prompt, TRAIN, words, status="refused")
    assert checkpoints(server, "refused") == []


def test_anything_runs_or_is_refused_with_a_sentence(server: Server) -> None:
    rng = random.Random(15)
    prompt = fuzz.unsampled(training("anything", **DEFAULTS))
    prompt["6"]["inputs"] |= SET
    found, tried, end = {}, 0, time.monotonic() + FUZZED_SECONDS
    while time.monotonic() < end and tried < 200:
        mutated, changes = fuzz.mutated(prompt, rng)
        complaints = list(fuzz.complaints(server, mutated, changes))
        if complaints:
            found[str(changes)[:200]] = complaints
        tried += 1
    assert found == {}
    assert tried > 10


def test_settings_that_cannot_work_together_are_answered_before_the_run(server: Server) -> None:
    prompt = training("refused")
    prompt["6"]["inputs"] |= {"zero_terminal_snr": True, "prediction": "epsilon"}
    failed(server, prompt, SETTINGS, "Set prediction to v", status="refused")


def test_what_cannot_be_learnt_is_told(server: Server) -> None:
    inputs = {"images": ["3", 0], "frames": 1, "width": 64, "height": 64}
    prompt = training("refused") | {"4": {"class_type": "KinemaClipsFromList", "inputs": inputs}}
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.error["node_type"] == TRAIN, outcome.message
    assert "The clips have 1 frame, and a motion is learnt from 2 or more" in outcome.error["exception_message"]
    assert checkpoints(server, "refused") == []
