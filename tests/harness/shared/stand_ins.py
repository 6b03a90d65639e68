"""Small things in the place of models, media and sizes, so that a CPU runs a shared workflow in seconds."""

from collections.abc import Mapping
from typing import Any

from ..seeded.names import (
    ADAPTER,
    CAMERA,
    CHECKPOINT,
    CHECKPOINT_XL,
    CLIP_VISION,
    CONTROL,
    DEPTH,
    FILM,
    LCM_I2V,
    LCM_LORA,
    MOTION_LORA,
    MOTION_XL,
    PIA,
    SPARSE,
    VAE,
)
from ..templates import MOTION_MODULE, PICTURES, SOUND, VIDEO, Prompt

SIDE, FRAMES, STEPS = 64, 10, 1
"""Pixels, frames and sampling steps at most."""
WINDOW = 8
"""Frames in a window at most, so that the clip has two."""
MODULES = {
    "xl": MOTION_XL,
    "lcm_sd15_i2v": LCM_I2V,
    "lcm": "kinema_seeded_animatelcm_mini.safetensors",
    "pia": PIA,
    "v3": "kinema_seeded_mm_v3_mini.safetensors",
    "sd15_mm": "kinema_seeded_mm_v3_mini.safetensors",
    "v14": "kinema_seeded_mm_v1_mini.safetensors",
}
"""Parts of names of motion modules and what stands in for them; for all others, v2."""
PICTURE = f"{PICTURES}/frame_1.png"
"""In the place of every picture: clips made from one have its size."""
FILES: Mapping[str, str] = {
    "vae_name": VAE,
    "lora_name": LCM_LORA,
    "lora": MOTION_LORA,
    "domain_adapter": ADAPTER,
    "camera_file": CAMERA,
    "control_net_name": CONTROL,
    "sparsectrl": SPARSE,
    "clip_name": CLIP_VISION,
    "image": PICTURE,
    "file": VIDEO,
    "folder": PICTURES,
    "audio": SOUND,
}
"""What stands in for a file by the name of the input that chooses it."""
OF_NODE: Mapping[str, str] = {"FrameInterpolationModelLoader": FILM, "LoadDA3Model": DEPTH}
CAPS: Mapping[str, float] = {
    **dict.fromkeys(("width", "height", "target_width", "target_height", "largest_size"), SIDE),
    **dict.fromkeys(("frames", "batch_size", "amount", "length", "count", "times", "frame_count"), FRAMES),
    "context_length": WINDOW,
    "context_overlap": WINDOW // 4,
    "steps": STEPS,
    "end_at_step": STEPS,
    "start_at_step": STEPS - 1,
    "megapixels": 0.01,
    "scale_by": 1.5,
    "multiplier": 2,
    "resolution": 140,
    "iterations": 2,
}
"""The most an input may have, by its name."""
WHOLE = ("KinemaLoadVideo", "KinemaLoadImageSequence")
"""Nodes that read all there is when they are not told how many frames."""
DETECTED = {
    "class_type": "KinemaLoadPose",
    "inputs": {"pose": "walking figure (example)", "frames": FRAMES, "width": 512, "height": 512},
}
"""In the place of keypoints from SDPose, a model of which no small one can be made."""


def stand_in(prompt: Prompt, object_info: Mapping[str, Any]) -> list[str]:
    """Change a prompt in place; returns what was changed of more than its size."""
    told: list[str] = []
    is_xl = any("xl" in str(node["inputs"].get("motion_module", "")).lower() for node in prompt.values())
    for key, node in list(prompt.items()):
        if node["class_type"] == "SDPoseKeypointExtractor":
            prompt[key] = {"class_type": DETECTED["class_type"], "inputs": dict(DETECTED["inputs"])}
            told.append("the example's poses for those of SDPose")
            continue
        specs = _specs(object_info.get(node["class_type"], {}))
        for name, value in node["inputs"].items():
            if _is_link(value):
                _cap_source(prompt, value, name)
            elif isinstance(value, str):
                node["inputs"][name] = _file(node["class_type"], name, value, specs.get(name), is_xl, told)
            elif name in CAPS and isinstance(value, (int, float)) and not isinstance(value, bool):
                node["inputs"][name] = _capped(node["class_type"], name, value)
    return list(dict.fromkeys(told))


def _file(type: str, name: str, value: str, spec: Any, is_xl: bool, told: list[str]) -> str:
    options = _options(spec)
    is_picture = name == "image" and type.startswith("LoadImage")
    if options is None or (value in options and not is_picture):
        return value
    if name == "ckpt_name":
        found = CHECKPOINT_XL if is_xl else CHECKPOINT
    elif name == "motion_module":
        found = next((seeded for part, seeded in MODULES.items() if part in value.lower()), MOTION_MODULE)
    else:
        found = OF_NODE.get(type) or FILES.get(name, value)
    if found != value:
        told.append(f"{name} {value}")
    return found


def _capped(type: str, name: str, value: float) -> float:
    if type in WHOLE and name == "frames" and not value:
        return FRAMES
    return min(value, _type_of(value)(CAPS[name]))


def _type_of(value: float) -> type:
    """The kind of number, which an input keeps."""
    return int if isinstance(value, int) else float


def _cap_source(prompt: Prompt, link: list[Any], name: str) -> None:
    """A number on a node of its own is as large as its reader may have it."""
    source = prompt.get(str(link[0]))
    if source is None or name not in CAPS or not source["class_type"].startswith("Primitive"):
        return
    value = source["inputs"].get("value")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        source["inputs"]["value"] = min(value, _type_of(value)(CAPS[name]))


def _specs(info: Mapping[str, Any]) -> dict[str, Any]:
    groups = info.get("input", {})
    return {**groups.get("required", {}), **groups.get("optional", {})}


def _options(spec: Any) -> list[Any] | None:
    """What a list offers, None for what is no list."""
    if not isinstance(spec, list) or not spec:
        return None
    if isinstance(spec[0], list):
        return spec[0]
    return spec[1].get("options", []) if spec[0] == "COMBO" and len(spec) > 1 else None


def _is_link(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)
