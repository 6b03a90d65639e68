"""Workflow templates in API format, with seeded weights in place of real ones."""

import json
from pathlib import Path
from typing import Any

from comfy_cli.workflow_to_api import convert_ui_to_api

from .setup import ROOT
from .weights import CHECKPOINT, MOTION_LORA

Prompt = dict[str, dict[str, Any]]
FOLDER = ROOT / "workflows"
MOTION_MODULE = "kinema_seeded_mm_v2_mini.safetensors"


def template_paths() -> list[Path]:
    """Every template, by name."""
    return sorted(FOLDER.glob("*.json"))


def to_api(template: str | Path, object_info: dict[str, Any]) -> Prompt:
    """A template in API format.

    Args:
        template: its path or its name without extension.
        object_info: the server's answer to ``/object_info``.
    """
    return convert_ui_to_api(json.loads(find(template).read_text()), object_info)


def find(template: str | Path) -> Path:
    """The file of a template given by path or by name."""
    return Path(template) if Path(template).suffix else FOLDER / f"{template}.json"


def set_inputs(prompt: Prompt, class_type: str, **inputs: Any) -> None:
    """Change widget values on every node of a class that has them."""
    for node in prompt.values():
        if node["class_type"] == class_type:
            node["inputs"].update({key: value for key, value in inputs.items() if key in node["inputs"]})


def use_seeded_weights(prompt: Prompt, size: int = 64, steps: int = 2, frames: int = 16) -> Prompt:
    """Swap model files and sizes for ones a CPU finishes in seconds."""
    set_inputs(prompt, "CheckpointLoaderSimple", ckpt_name=CHECKPOINT)
    set_inputs(prompt, "KinemaLoadMotionModule", motion_module=MOTION_MODULE)
    set_inputs(prompt, "KinemaLoadMotionLora", lora=MOTION_LORA)
    set_inputs(prompt, "EmptyLatentImage", width=size, height=size, batch_size=frames)
    set_inputs(prompt, "KSampler", steps=steps)
    return prompt
