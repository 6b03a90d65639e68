"""Decode and Save Video and Encode Frames on a real server."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.harness import client, templates
from tests.harness.seeded.names import CHECKPOINT
from tests.harness.server import Server

from ..test_answers import failed, files_in
from ..test_templates import read

SAVE, ENCODE = "KinemaDecodeAndSaveVideo", "KinemaEncodeFrames"


def streamed(frames: int = 6, colours: int = 0, **inputs: Any) -> templates.Prompt:
    """Plain frames encoded and decoded again by the seeded VAE, without any sampling."""
    values = {"frame_rate": 8.0, "format": "ffv1-mov", "quality": 75, "loop_count": 0, "pingpong": False}
    values |= {"filename_prefix": "streamed/clip", "save_output": True, "frames_per_batch": 4, **inputs}
    empty = {"width": 64, "height": 64, "batch_size": frames, "color": 0x336699 + colours}
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINT}},
        "2": {"class_type": "EmptyImage", "inputs": empty},
        "3": {"class_type": ENCODE, "inputs": {"images": ["2", 0], "vae": ["1", 2], "frames_per_batch": 4}},
        "4": {"class_type": SAVE, "inputs": {"samples": ["3", 0], "vae": ["1", 2], **values}},
    }


def frames_of(server: Server, prompt: templates.Prompt) -> np.ndarray:
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (path,) = files_in(server.output) - before
    return read(path)[0]


def test_the_same_frames_as_the_hosts_nodes(server: Server) -> None:
    found = frames_of(server, streamed(pingpong=True))
    prompt = streamed(pingpong=True)
    prompt["3"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["1", 2]}}
    prompt["5"] = {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 2]}}
    saving = {key: value for key, value in prompt["4"]["inputs"].items() if key not in ("samples", "vae")}
    prompt["4"] = {"class_type": "KinemaCombineVideo", "inputs": {"images": ["5", 0], **saving}}
    del prompt["4"]["inputs"]["frames_per_batch"]
    wanted = frames_of(server, prompt)
    assert found.shape == (10, 64, 64, 3)
    assert np.abs(found.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"filename_prefix": "../out"}, "leaves the output folder"),
        ({"frame_rate": 0.0}, "frames per second"),
        ({"format": "mpeg1"}, "Choose one of"),
        ({"frames_per_batch": -1}, "frames_per_batch"),
    ],
)
def test_answered_before_the_run(server: Server, inputs: dict[str, Any], words: str) -> None:
    failed(server, streamed(**inputs), SAVE, words, status="refused")


def test_settings_over_a_wire(server: Server) -> None:
    prompt = streamed(colours=1, frame_rate=["6", 0])
    prompt["6"] = {"class_type": "PrimitiveFloat", "inputs": {"value": 12.0}}
    before = files_in(server.output)
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    (path,) = files_in(server.output) - before
    assert read(path)[1] == 12
    prompt["6"]["inputs"]["value"] = 0.0
    failed(server, prompt, SAVE, "frame_rate takes a number from 0.01 to 1000, not 0.0")


def test_formats_the_host_cannot_read_go_on_as_video(server: Server) -> None:
    prompt = streamed(colours=2, format="webp")
    prompt["6"] = {"class_type": "GetVideoComponents", "inputs": {"video": ["4", 0]}}
    prompt["7"] = {"class_type": "PreviewImage", "inputs": {"images": ["6", 0]}}
    outcome = client.run_prompt(server.url, prompt)
    assert outcome.status == "success", outcome.message
    assert len(outcome.outputs["7"]["images"]) == 6


def test_interrupted_over_http(server: Server) -> None:
    """Nothing is left, and the next clip is whole."""
    prompt = streamed(frames=600, colours=3, format="h264-mp4", frames_per_batch=1)
    before = files_in(server.output)
    started = threading.Event()

    def watch(event: client.Event) -> None:
        if event["type"] == "progress" and event["data"]["node"] == "4" and not started.is_set():
            started.set()
            threading.Thread(target=client.post, args=(server.url, "/interrupt")).start()

    assert client.run_prompt(server.url, prompt, watch).status == "interrupted"
    assert files_in(server.output) == before
    assert list(Path(server.output).rglob(".kinema-*")) == []
    assert len(frames_of(server, streamed(colours=4))) == 6
