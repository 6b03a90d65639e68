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
    ONE_SHOT,
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
    "v2_lora_PanLeft.ckpt": MOTION_LORA,
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
    "diffusion_pytorch_model.bin": ONE_SHOT,
    "vae-ft-mse-840000-ema-pruned.safetensors": VAE,
}
"""The seeded file that stands in for each model file a template names."""
FRAMES = WINDOW = 16
LENGTHS = {
    "long-clip": 24,
    "motion-views": 24,
    "consistent-long-clip": 24,
    "distributed-long-clip": 24,
    "animate-character-long": 28,
    "load-video": 24,
    "long-video-in-pieces": 24,
    "batch-utilities": 16,
    "prompt-travel": 16,
    "sparse-keyframes": 16,
    "evaluate-a-clip": 3,
    "ablations": 3,
    "animate-anyone-ablation": 3,
}
"""Frames of templates whose clip must be longer than a window, or there would be none; few where many are measured."""
AS_LONG = {
    *("animate-character-long", "batch-utilities", "prompt-travel", "sparse-keyframes"),
    *("evaluate-a-clip", "ablations", "animate-anyone-ablation"),
}
"""Templates whose clip is as long with shorter windows: they name frames, have windows of their own, or are short."""
SAVED = {
    "batch-utilities": 58,
    "frame-interpolation": 15,
    "convert-video": 72,
    "ablations": 21,
    "animate-anyone-ablation": 12,
}
"""Frames in the files of templates that make other frames of those they sample, sample several clips, or none."""
RATES = {"frame-interpolation": 16.0, "convert-video": 24.0, "text2video-zero": 4.0}
"""Frames per second of files that are not played at 8."""
SIDES = {"convert-video": 96}
"""Side of the pictures of files that have another one than was asked for."""
DRAWN = 512
"""Side of the pictures of poses in pixels; lines have a width in pixels and would fill a picture of the clip's size."""
DYNAMIC = "COMFY_DYNAMICCOMBO_V3"
WRITTEN = ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", DYNAMIC)
"""Types of inputs that have a widget."""
VIDEO, SOUND, PICTURES, CLIPS, POSES = "video.mp4", "sound.wav", "pictures", "clips", "poses"
"""What templates read in the input folder in tests, the last two folders; as they are they name none."""
CLIP_NODES = ("KinemaLoadClips", "KinemaClipsFromList", "KinemaCameraMotionClips")
LEARNT = 4
"""Frames of clips that templates learn from."""
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
    return convert_ui_to_api(with_settings(json.loads(find(template).read_text()), object_info), object_info)


def with_settings(workflow: dict[str, Any], object_info: dict[str, Any]) -> dict[str, Any]:
    """A graph whose formats have all their settings, as ``web/widgets/formats.js`` completes it in a browser; in place.

    Args:
        workflow: as saved, maybe when formats had fewer settings; subgraphs too.
        object_info: the server's answer to ``/object_info``.
    """
    inner = workflow.get("definitions", {}).get("subgraphs", [])
    for node in (node for graph in (workflow, *inner) for node in graph.get("nodes", [])):
        told = object_info.get(node.get("type"), {}).get("input", {})
        inputs = {**told.get("required", {}), **told.get("optional", {})}
        values = node.get("widgets_values")
        if inputs.get("format", [""])[0] != DYNAMIC or not isinstance(values, list):
            continue
        at = [name for name, spec in inputs.items() if spec[0] in WRITTEN].index("format")
        option = next((each for each in inputs["format"][1]["options"] if each["key"] == values[at : at + 1][0]), None)
        settings = [] if option is None else [*option["inputs"].get("optional", {}).values()]
        known = 0
        while known < len(settings) and isinstance(values[at + 1 + known], str):
            known += 1
        values[at + 1 + known : at + 1 + known] = [setting[1]["default"] for setting in settings[known:]]
    return workflow


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


def frames(template: str | Path, window: int = WINDOW) -> int:
    """How many frames a template is run with, for windows of so many."""
    name = short_name(find(template))
    return LENGTHS[name] if name in AS_LONG else LENGTHS.get(name, FRAMES) * window // WINDOW


def set_inputs(prompt: Prompt, class_type: str, **inputs: Any) -> None:
    """Change widget values on every node of a class that has them."""
    for node in prompt.values():
        if node["class_type"] == class_type:
            node["inputs"].update({key: value for key, value in inputs.items() if key in node["inputs"]})


def use_seeded_weights(
    prompt: Prompt, size: int = 64, steps: int = 2, frames: int = FRAMES, window: int = WINDOW
) -> Prompt:
    """Swap model files and sizes for ones a CPU finishes in seconds, and choose a video; the other settings stay.

    Args:
        frames: of the clip.
        window: frames of a window, where there are any.

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
    # one step to move it, one to go on with
    set_inputs(prompt, "KinemaLatentMotion", frames=frames, steps=max(2, steps))
    set_inputs(prompt, "KinemaVideoFrames", width=size, height=size, frames=frames)
    set_inputs(prompt, "KinemaLoadVideo", file=VIDEO, width=size, height=size, frames=frames)
    if window != WINDOW:
        set_inputs(prompt, "KinemaSlidingContext", context_length=window, context_overlap=window // 4)
    # two pieces of more than a window
    pieces = {"frames_per_piece": window + window // 4, "overlap": 3 * window // 4}
    set_inputs(prompt, "KinemaVideoInPieces", width=size, height=size, frames=frames, **pieces)
    set_inputs(prompt, "KinemaLoadPose", frames=frames)
    set_inputs(prompt, "KinemaRetimePose", frames=frames)
    set_inputs(prompt, "KinemaSoundToMotionValue", frames=frames)
    # in the proportions of the clip
    set_inputs(prompt, "KinemaDrawPose", width=DRAWN, height=DRAWN)
    set_inputs(prompt, "DA3Inference", resolution=140)
    for sampling in ("KSampler", "KSamplerAdvanced", "KinemaDdimInvert"):
        set_inputs(prompt, sampling, steps=steps)
    set_inputs(prompt, "KinemaLoadClips", folder=CLIPS)
    _learn_little(prompt, size, steps)
    set_inputs(prompt, "KinemaLoadImageSequence", folder=PICTURES, width=size, height=size, frames=frames)
    set_inputs(prompt, "LoadVideo", file=VIDEO)
    set_inputs(prompt, "LoadAudio", audio=SOUND)
    return prompt


def _learn_little(prompt: Prompt, size: int, steps: int) -> None:
    """Few small clips, and few steps with one of them each."""
    for node in prompt.values():
        kind, inputs = node["class_type"], node["inputs"]
        if kind in CLIP_NODES:
            # single frames stay single
            inputs.update(width=size, height=size, frames=min(inputs["frames"], LEARNT))
        if kind in CLIP_NODES and "views" in inputs:
            inputs["views"] = 1
        if isinstance(inputs.get("poses"), list):
            prompt[inputs["poses"][0]]["inputs"]["folder"] = POSES
        if kind.startswith("KinemaTrain") and "steps" in inputs:
            inputs.update(steps=steps, batch_size=1)


def without_previews(prompt: Prompt) -> Prompt:
    """Trainings that sample no clips on the way: those of one template are enough to see that they do."""
    set_inputs(prompt, "KinemaTrainingSettings", preview_every=0)
    trainers = [node["inputs"] for node in prompt.values() if node["class_type"].startswith("KinemaTrain")]
    for inputs in trainers:
        if "steps" in inputs and "settings" not in inputs:
            prompt["quiet"] = {"class_type": "KinemaTrainingSettings", "inputs": {"preview_every": 0}}
            inputs["settings"] = ["quiet", 0]
    return prompt
