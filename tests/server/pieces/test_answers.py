"""Graphs that cannot go through in pieces: told before anything is sampled."""

from typing import Any

import pytest

from tests.harness import templates
from tests.harness.server import Server

from ..test_answers import failed
from .prompts import END, START, passed_through, run, sampled, stores, write_noise


@pytest.fixture(autouse=True)
def footage(server: Server) -> None:
    write_noise(server.base / "input")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"frames_per_piece": 8, "overlap": 8}, "Set overlap below 8"),
        ({"frames_per_piece": 1}, "frames_per_piece"),
        ({"overlap": -1}, "overlap"),
        ({"frame_rate": float("nan")}, "frame_rate"),
    ],
)
def test_settings_before_the_run(server: Server, inputs: dict[str, Any], words: str) -> None:
    failed(server, passed_through("answers/x", **inputs), START, words, status="refused")


@pytest.mark.parametrize(
    ("inputs", "words"), [({"format": "mpeg1"}, "Choose one of"), ({"filename_prefix": "../x"}, "leaves the output")]
)
def test_saving_before_the_run(server: Server, inputs: dict[str, Any], words: str) -> None:
    prompt = passed_through("answers/x")
    prompt["3"]["inputs"] |= inputs
    failed(server, prompt, END, words, status="refused")


def not_wired(prompt: templates.Prompt) -> None:
    del prompt["3"]["inputs"]["samples"]


def constant(prompt: templates.Prompt) -> None:
    prompt["7"] = {"class_type": "EmptyLatentImage", "inputs": {"width": 32, "height": 32, "batch_size": 7}}
    prompt["6"]["inputs"]["latent_image"] = ["7", 0]


def without_vae(prompt: templates.Prompt) -> None:
    del prompt["3"]["inputs"]["vae"]


def not_encoded(prompt: templates.Prompt) -> None:
    del prompt["2"]["inputs"]["vae"]


def two_starts(prompt: templates.Prompt) -> None:
    prompt["8"] = passed_through("answers/x", frames_per_piece=9)["2"]
    prompt["9"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["8", 1], "vae": ["4", 2]}}
    prompt["10"] = {"class_type": "LatentAdd", "inputs": {"samples1": ["9", 0], "samples2": ["2", 2]}}
    prompt["6"]["inputs"]["latent_image"] = ["10", 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (not_wired, "No frames come to Save Pieces"),
        (constant, "does not depend on Video in Pieces"),
        (without_vae, "cannot decode samples without a VAE"),
        (not_encoded, "no latent without a VAE"),
        (two_starts, "from two Video in Pieces"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_told_before_anything_is_sampled(server: Server, change: Any, words: str) -> None:
    prompt = sampled("answers/graph", seed=77)
    change(prompt)
    failed(server, prompt, END, words)
    _, ran = run(server, prompt)
    assert ran == 0
    assert stores(server) == []


def test_nothing_to_begin_with(server: Server) -> None:
    prompt = passed_through("answers/x")
    del prompt["3"]["inputs"]["pieces"]
    outcome, _ = run(server, prompt)
    assert outcome.status == "refused"
    assert "pieces" in outcome.message


def test_another_number_of_frames(server: Server) -> None:
    prompt = passed_through("answers/fewer")
    prompt["4"] = {"class_type": "ImageFromBatch", "inputs": {"image": ["2", 1], "batch_index": 0, "length": 5}}
    prompt["3"]["inputs"]["images"] = ["4", 0]
    before = set(stores(server))
    outcome, _ = run(server, prompt)
    assert "Piece 1 has 10 frames, but 5 came back" in outcome.message
    assert set(stores(server)) == before
