"""Workflow templates in API format, with seeded weights in place of real ones."""

import json
from pathlib import Path
from typing import Any

from comfy_cli.workflow_to_api import convert_ui_to_api

from .seeded.names import (
    ADAPTER,
    CAMERA,
    CHECKPOINT,
    CHECKPOINT_XL,
    CONTROL,
    DEPTH,
    LCM_I2V,
    LCM_LORA,
    MOTION_LORA,
    MOTION_XL,
    PIA,
    SPARSE,
)
from .setup import ROOT

Prompt = dict[str, dict[str, Any]]
FOLDER = ROOT / "workflows"
MOTION_MODULE = "kinema_seeded_mm_v2_mini.safetensors"
SEEDED = {
    "v1-5-pruned-emaonly-fp16.safetensors": CHECKPOINT,
    "sd_xl_base_1.0.safetensors": CHECKPOINT_XL,
    "mm_sd_v15_v2.ckpt": MOTION_MODULE,
    "v3_sd15_mm.ckpt": "kinema_seeded_mm_v3_mini.safetensors",
    "v3_sd15_adapter.ckpt": ADAPTER,
    "animatediff_lightning_4step_comfyui.safetensors": MOTION_MODULE,
    "AnimateLCM_sd15_t2v.ckpt": "kinema_seeded_animatelcm_mini.safetensors",
    "mm_sdxl_v10_beta.ckpt": MOTION_XL,
    "AnimateLCM_sd15_t2v_lora.safetensors": LCM_LORA,
    "pia.ckpt": PIA,
    "AnimateLCM_sd15_i2v.ckpt": LCM_I2V,
    "AnimateLCM_sd15_i2v_lora.safetensors": LCM_LORA,
    "v2_lora_ZoomIn.ckpt": MOTION_LORA,
    "control_v11p_sd15_lineart_fp16.safetensors": CONTROL,
    "control_v11f1p_sd15_depth_fp16.safetensors": CONTROL,
    "depth_anything_3_mono_large.safetensors": DEPTH,
    "control_v11p_sd15_openpose_fp16.safetensors": CONTROL,
    "CameraCtrl_pruned.safetensors": CAMERA,
    "v3_sd15_sparsectrl_rgb.ckpt": SPARSE,
}
"""The seeded file that stands in for each model file a template names."""
LONG = {"long-clip", "motion-views", "consistent-long-clip"}
"""Templates whose clip must be longer than a window, or there would be none."""
WEIGHT_FILES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")


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


def frames(template: str) -> int:
    """How many frames a template is run with."""
    return 24 if template in LONG else 16


def set_inputs(prompt: Prompt, class_type: str, **inputs: Any) -> None:
    """Change widget values on every node of a class that has them."""
    for node in prompt.values():
        if node["class_type"] == class_type:
            node["inputs"].update({key: value for key, value in inputs.items() if key in node["inputs"]})


def use_seeded_weights(prompt: Prompt, size: int = 64, steps: int = 2, frames: int = 16) -> Prompt:
    """Swap model files and sizes for ones a CPU finishes in seconds; the other settings stay.

    Raises:
        KeyError: no seeded file stands in for a model file of the template.
    """
    for node in prompt.values():
        for name, value in node["inputs"].items():
            if isinstance(value, str) and value.endswith(WEIGHT_FILES):
                if value not in SEEDED:
                    raise KeyError(f"{node['class_type']} names {value}, which has no seeded file in SEEDED.")
                node["inputs"][name] = SEEDED[value]
    set_inputs(prompt, "EmptyLatentImage", width=size, height=size, batch_size=frames)
    set_inputs(prompt, "ImageScale", width=size, height=size)
    set_inputs(prompt, "RepeatImageBatch", amount=frames)
    set_inputs(prompt, "KinemaPromptTravel", frames=frames)
    set_inputs(prompt, "KinemaVideoFrames", width=size, height=size, frames=frames)
    set_inputs(prompt, "DA3Inference", resolution=140)
    set_inputs(prompt, "KSampler", steps=steps)
    return prompt
