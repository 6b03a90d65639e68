"""Workflow templates in API format, with seeded weights in place of real ones."""

import json
from pathlib import Path
from typing import Any

from comfy_cli.workflow_to_api import convert_ui_to_api

from .seeded.names import (
    ADAPTER,
    CAMERA,
    CHARACTER_MOTION,
    CHECKPOINT,
    CHECKPOINT_XL,
    CLIP_VISION,
    CONTROL,
    DENOISING_UNET,
    DEPTH,
    FILM,
    LCM_I2V,
    LCM_LORA,
    MOTION_LORA,
    MOTION_XL,
    PIA,
    POSE_GUIDER,
    REFERENCE_UNET,
    SPARSE,
    VAE,
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
    "film_net_fp16.safetensors": FILM,
    "control_v11p_sd15_openpose_fp16.safetensors": CONTROL,
    "CameraCtrl_pruned.safetensors": CAMERA,
    "v3_sd15_sparsectrl_rgb.ckpt": SPARSE,
    "denoising_unet.pth": DENOISING_UNET,
    "reference_unet.pth": REFERENCE_UNET,
    "motion_module.pth": CHARACTER_MOTION,
    "pose_guider.pth": POSE_GUIDER,
    "model.safetensors": CLIP_VISION,
    "vae-ft-mse-840000-ema-pruned.safetensors": VAE,
}
"""The seeded file that stands in for each model file a template names."""
FRAMES = 16
LONG = {"long-clip": 24, "motion-views": 24, "consistent-long-clip": 24, "animate-character-long": 28}
"""Frames of templates whose clip must be longer than a window, or there would be none."""
SAVED = {"batch-utilities": 58, "frame-interpolation": 31}
"""Frames in the files of templates that make other frames of those they sample."""
RATES = {"frame-interpolation": 16.0}
"""Frames per second of files that are not played at 8."""
DRAWN = 512
"""Side of the pictures of poses in pixels; lines have a width in pixels and would fill a picture of the clip's size."""
VIDEO, SOUND = "video.mp4", "sound.wav"
"""The files in the input folder that templates read in tests; as they are they name none, because nobody has them."""
WEIGHT_FILES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")


def template_paths() -> list[Path]:
    """Every template, in the order of the numbers their names begin with."""
    return sorted(FOLDER.glob("*.json"))


def short_name(path: Path) -> str:
    """What commands and tests call a template: ``01 Text to Video.json`` is ``text-to-video``."""
    return path.stem.lstrip("0123456789 ").lower().replace(" ", "-")


def to_api(template: str | Path, object_info: dict[str, Any]) -> Prompt:
    """A template in API format.

    Args:
        template: its path or its name.
        object_info: the server's answer to ``/object_info``.
    """
    return convert_ui_to_api(json.loads(find(template).read_text()), object_info)


def find(template: str | Path) -> Path:
    """The file of a template given by path, by its short name or by the name ComfyUI lists.

    Raises:
        FileNotFoundError: there is none.
    """
    if Path(template).suffix:
        return Path(template)
    for path in template_paths():
        if template in (short_name(path), path.stem):
            return path
    raise FileNotFoundError(
        f"There is no template {template}. Give a path, or one of: {', '.join(map(short_name, template_paths()))}."
    )


def frames(template: str | Path) -> int:
    """How many frames a template is run with."""
    return LONG.get(short_name(find(template)), FRAMES)


def set_inputs(prompt: Prompt, class_type: str, **inputs: Any) -> None:
    """Change widget values on every node of a class that has them."""
    for node in prompt.values():
        if node["class_type"] == class_type:
            node["inputs"].update({key: value for key, value in inputs.items() if key in node["inputs"]})


def use_seeded_weights(prompt: Prompt, size: int = 64, steps: int = 2, frames: int = FRAMES) -> Prompt:
    """Swap model files and sizes for ones a CPU finishes in seconds, and choose a video; the other settings stay.

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
    set_inputs(prompt, "KinemaLoadPose", frames=frames)
    set_inputs(prompt, "KinemaRetimePose", frames=frames)
    set_inputs(prompt, "KinemaSoundToMotionValue", frames=frames)
    # in the proportions of the clip
    set_inputs(prompt, "KinemaDrawPose", width=DRAWN, height=DRAWN)
    set_inputs(prompt, "DA3Inference", resolution=140)
    set_inputs(prompt, "KSampler", steps=steps)
    set_inputs(prompt, "LoadVideo", file=VIDEO)
    set_inputs(prompt, "LoadAudio", audio=SOUND)
    return prompt
