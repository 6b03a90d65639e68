"""Prompts that were written before ComfyUI's nodes had all of their inputs."""

from typing import Any

from kinema.motion.migration import defaults_of, migrate
from kinema.motion.migration.targets import INSTALLED

REQUIRED: dict[str, dict[str, Any]] = {
    "VAEDecodeTiled": {
        "samples": ("LATENT",),
        "tile_size": ("INT", {"default": 512}),
        "overlap": ("INT", {"default": 64}),
    },
    "Upscale": {"method": (["nearest", "area"],), "model_name": (["a.pth"],), "x": ("COMBO", {"options": ["one"]})},
    "UpscaleModelLoader": {"model_name": (["a.pth"],)},
}


def defaults(type: str) -> dict[str, Any]:
    return defaults_of(type, REQUIRED.get(type, {}))


def prompt() -> dict[str, Any]:
    return {
        "1": {"class_type": "VAEDecodeTiled", "inputs": {"samples": ["3", 0], "tile_size": 320}},
        "2": {"class_type": "ADE_EmptyLatentImageLarge", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "3": {"class_type": "KSampler", "inputs": {"latent_image": ["2", 0]}},
        "4": {"class_type": "UpscaleModelLoader", "inputs": {}},
    }


def test_what_is_missing_is_filled_in_and_told() -> None:
    sent = prompt()
    written, report = migrate(sent, INSTALLED, defaults=defaults)
    assert written["1"]["inputs"] == {"samples": ["3", 0], "tile_size": 320, "overlap": 64}
    assert written["3"] == sent["3"]
    assert written["4"] == sent["4"], "no file is chosen for anybody"
    (filled,) = report.filled
    assert (filled.id, filled.type, filled.inputs) == ("1", "VAEDecodeTiled", {"overlap": 64})
    assert "overlap 64" in report.as_text()
    assert report.as_json()["filled"][0]["text"] == filled.text


def test_a_prompt_that_needs_no_migration_is_left_to_the_host() -> None:
    sent = {key: node for key, node in prompt().items() if key != "2"}
    written, report = migrate(sent, INSTALLED, defaults=defaults)
    assert written is sent
    assert report.filled == []


def test_lists_begin_with_their_first_choice_as_in_the_page() -> None:
    assert defaults("Upscale") == {"method": "nearest", "model_name": "a.pth", "x": "one"}
    assert defaults("UpscaleModelLoader") == {}
    assert defaults("NeverHeardOf") == {}
