"""The same latents in every mode of the server; interrupts over HTTP; what a run leaves behind."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.harness import client, templates
from tests.harness.server import Server

from .conftest import seeded_models, the_host


def latents(server: Server, prompt: templates.Prompt) -> torch.Tensor:
    """Sample, save the latent as a file and read it back."""
    (sampler,) = [node for node, entry in prompt.items() if entry["class_type"] == "KSampler"]
    kept = {
        node: entry for node, entry in prompt.items() if entry["class_type"] not in ("VAEDecode", "KinemaCombineVideo")
    }
    kept["90"] = {"class_type": "SaveLatent", "inputs": {"samples": [sampler, 0], "filename_prefix": "latents/run"}}
    outcome = client.run_prompt(server.url, kept)
    assert outcome.status == "success", outcome.message
    (shown,) = [item for entry in outcome.outputs.values() for item in entry.get("latents", [])]
    return load_file(client.saved_path(server.output, shown))["latent_tensor"]


@pytest.fixture(scope="module")
def wanted(server: Server, object_info: dict[str, Any]) -> torch.Tensor:
    return latents(server, small(object_info))


def small(object_info: dict[str, Any]) -> templates.Prompt:
    return templates.use_seeded_weights(templates.to_api("text-to-video", object_info), frames=8, steps=2)


@pytest.mark.parametrize(
    ("options", "tolerance"),
    [
        (["--cache-none"], 0.0),
        (["--fp16-unet"], 0.1),
        (["--bf16-unet"], 0.5),
        (["--fp8_e4m3fn-unet"], 1.0),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_modes(object_info, wanted: torch.Tensor, tmp_path: Path, options: list[str], tolerance: float) -> None:
    with Server(the_host(), [seeded_models()], ["--cpu", *options], tmp_path) as other:
        found = latents(other, small(object_info))
    assert bool(found.isfinite().all())
    assert float((found - wanted).norm() / wanted.norm()) <= tolerance


def test_interrupted_over_http(server: Server, object_info, wanted: torch.Tensor) -> None:
    prompt = small(object_info)
    templates.set_inputs(prompt, "KSampler", steps=20, seed=1)
    started = threading.Event()

    def watch(event: client.Event) -> None:
        if event["type"] == "progress" and not started.is_set():
            started.set()
            threading.Thread(target=client.post, args=(server.url, "/interrupt")).start()

    begun = time.monotonic()
    assert client.run_prompt(server.url, prompt, watch).status == "interrupted"
    assert time.monotonic() - begun < 60
    templates.set_inputs(prompt, "KSampler", steps=2, seed=42)
    # another prefix, so that no node's output comes from the cache of the first run
    templates.set_inputs(prompt, "CLIPTextEncode", text="something else")
    latents(server, prompt)
    assert torch.equal(latents(server, small(object_info)), wanted)


def test_model_without_motion_is_the_same_before_and_after(server: Server, object_info) -> None:
    plain = small(object_info)
    (sampler,) = [entry for entry in plain.values() if entry["class_type"] == "KSampler"]
    (animate,) = [entry for entry in plain.values() if entry["class_type"] == "KinemaAnimateModel"]
    sampler["inputs"]["model"] = animate["inputs"]["model"]
    first = latents(server, plain)
    latents(
        server,
        small(object_info)
        | {"91": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}}},
    )
    sampler["inputs"]["seed"] = 43
    latents(server, plain)
    sampler["inputs"]["seed"] = 42
    assert np.array_equal(latents(server, plain).numpy(), first.numpy())
