"""Say by name what a file is when it is not a motion module, and where it belongs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A kind of file, the keys that prove it (all must occur), and what to do with it."""

    kind: str
    proof: tuple[str, ...]
    advice: str
    unless: str | None = None
    """A key that makes it something more special, so that exactly one kind applies, in whatever order."""

    def applies(self, descriptions: str) -> bool:
        """Whether every proof pattern is found in the "key [shape]" lines, and the exception in none."""
        return all(re.search(pattern, descriptions, re.MULTILINE) for pattern in self.proof) and not (
            self.unless and re.search(self.unless, descriptions, re.MULTILINE)
        )


MOTION_MODULE = "Choose a motion module, for example mm_sd_v15_v2 or v3_sd15_mm."
CAMERA = "a CameraCtrl model"
_MOTION = r"(motion_modules|temporal_attentions)[._]"
_LORA = r"(_lora\.|lora_[AB]\.|\.lora\.|lora_(up|down)\.)"
_ADAPTER = r"\.attentions\.\S*\.processor\.to_\w+_lora\.(down|up)\."
_DIRECTOR = r"\.attentions\.\S*(proj_in|ff\.net\.\d+(\.proj)?)_lora\."
_CONTROL = r"^control_model\.|^controlnet_|input_hint_block\.|zero_convs\."
_LDM_UNET = r"^(model\.diffusion_model\.)?input_blocks\.0\.0\.weight"
_VISION = r"\bvision_model\.embeddings\.|(^|\.)visual\.transformer\."
_LOADER = "put it in models/loras and load it with Load LoRA"
REFUSALS = (
    Refusal(
        "a SparseCtrl model",
        (r"(^|\.)controlnet_cond_embedding\.", _MOTION),
        f"It is a ControlNet: put it in models/controlnet and load it with Load SparseCtrl. {MOTION_MODULE}",
    ),
    Refusal(
        CAMERA,
        (r"^(module\.)?encoder_down_conv_blocks\.|qkv_merge\.",),
        f"It steers the camera of a motion module: choose it in Camera Control. {MOTION_MODULE}",
    ),
    Refusal(
        "a MotionLoRA",
        (rf"{_MOTION}\S*{_LORA}",),
        f"It teaches a motion module a camera move: put it in models/animatediff_motion_lora. {MOTION_MODULE}",
    ),
    Refusal(
        "a domain adapter (a LoRA for the image model)",
        (_ADAPTER,),
        "Put it in models/loras and on the image model with Apply Domain Adapter; the motion module that belongs to "
        "v3_sd15_adapter is v3_sd15_mm.",
        unless=f"{_MOTION}|{_DIRECTOR}",
    ),
    Refusal(
        "the spatial half of a MotionDirector LoRA (a LoRA for the image model)",
        (_ADAPTER, _DIRECTOR),
        f"It holds looks, not motion: {_LOADER} on the image model. {MOTION_MODULE}",
        unless=_MOTION,
    ),
    Refusal(
        "a LoRA for an image model",
        (rf"^lora_(unet|te\d?)_|{_LORA}|\.hada_w1|\.lokr_w",),
        f"To use it, {_LOADER}. {MOTION_MODULE}",
        unless=rf"{_MOTION}|{_ADAPTER}|{_CONTROL}|^ip_adapter\.",
    ),
    Refusal(
        "a FancyVideo model",
        (r"^fps_embedding\.", _MOTION),
        f"It needs its own text and frame-rate layers to run. {MOTION_MODULE}",
    ),
    Refusal(
        "a ControlNet",
        (_CONTROL,),
        f"Put it in models/controlnet and load it with Load ControlNet Model. {MOTION_MODULE}",
        unless=_MOTION,
    ),
    Refusal(
        "an IP-Adapter",
        (r"^ip_adapter\.", r"^image_proj\."),
        f"Put it in models/ipadapter and load it with an IP-Adapter node. {MOTION_MODULE}",
    ),
    Refusal(
        "a whole Stable Diffusion checkpoint",
        (r"^model\.diffusion_model\.", r"^(first_stage_model|cond_stage_model|conditioner)\."),
        f"Put it in models/checkpoints and load it with Load Checkpoint. {MOTION_MODULE}",
    ),
    Refusal(
        "an image UNet",
        (_LDM_UNET,),
        f"Put it in models/diffusion_models and load it with Load Diffusion Model. {MOTION_MODULE}",
        unless=f"{_CONTROL}|^(first_stage_model|cond_stage_model|conditioner)\\.",
    ),
    Refusal(
        "an image UNet in the diffusers layout (or the denoising UNet of Animate Anyone, which looks the same)",
        (r"^(unet\.)?down_blocks\.0\.resnets\.", r"^(unet\.)?conv_in\.weight \[", r"^(unet\.)?conv_out\."),
        f"Put an image UNet in models/diffusion_models and load it with Load Diffusion Model. {MOTION_MODULE}",
        unless=f"{_MOTION}|{_CONTROL}",
    ),
    Refusal(
        "the reference UNet of Animate Anyone",
        (r"^conv_in\.weight \[", r"^down_blocks\.0\.resnets\.", r"^up_blocks\.0\.resnets\."),
        f"It draws a character, not motion; the temporal layers are in motion_module.pth. {MOTION_MODULE}",
        unless=rf"{_MOTION}|{_CONTROL}|^conv_out\.",
    ),
    Refusal(
        "a VAE",
        (
            r"^(first_stage_model\.)?(decoder|encoder)\.conv_(in|out)\.weight"
            r"|^((taesd_)?(decoder|encoder)\.)?(layers\.)?\d+\.conv\.\d+\.weight",
        ),
        f"Put it in models/vae and load it with Load VAE. {MOTION_MODULE}",
        unless=r"^model\.diffusion_model\.",
    ),
    Refusal(
        "a text encoder",
        (r"\b(token_embedding|embed_tokens)\.weight|^encoder\.block\.0\.layer\.0\.SelfAttention\.",),
        f"Put it in models/text_encoders and load it with Load CLIP. {MOTION_MODULE}",
        unless=rf"{_VISION}|^model\.diffusion_model\.",
    ),
    Refusal(
        "a vision encoder",
        (_VISION,),
        f"Put it in models/clip_vision and load it with Load CLIP Vision. {MOTION_MODULE}",
        unless=r"^model\.diffusion_model\.",
    ),
    Refusal(
        "a pose guider of Animate Anyone",
        (r"^conv_in\.weight \[", r"^blocks\.0\.weight \[", r"^conv_out\.weight \["),
        f"It reads poses for Animate Anyone; the temporal layers are in motion_module.pth. {MOTION_MODULE}",
    ),
)


def refusal(shapes: Mapping[str, tuple[int, ...]], file: str, unexplained: Sequence[str] = ()) -> str:
    """One sentence that names the file's kind and says where it belongs, or shows some of its keys.

    Args:
        shapes: shape of every tensor in the file.
        unexplained: keys that no motion module has, if others are of one.
    """
    found = kind_of(shapes)
    if found is not None:
        return f"{file} is {found.kind}, not a motion module this node can load. {found.advice}"
    if re.search(_MOTION, key_lines(shapes)):
        sample = ", ".join(sorted(unexplained)[:3])
        return (
            f"{file} has temporal layers in an unfamiliar arrangement: {len(unexplained)} of its {len(shapes)} tensors "
            f"are none that a motion module has ({sample}). Please report the file and where it comes from. "
            f"{MOTION_MODULE}"
        )
    sample = ", ".join(list(shapes)[:3])
    return (
        f"{file} is not a motion module: none of its keys is a temporal layer (first keys: {sample}). {MOTION_MODULE}"
    )


def kind_of(shapes: Mapping[str, tuple[int, ...]]) -> Refusal | None:
    """The kind of a file that is no motion module, None if it is of none that is known."""
    lines = key_lines(shapes)
    return next((entry for entry in REFUSALS if entry.applies(lines)), None)


def key_lines(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """A "key [shape]" line for each tensor."""
    return "\n".join(f"{key} {list(shape)}" for key, shape in shapes.items())
