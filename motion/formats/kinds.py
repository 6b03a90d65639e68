"""Say by name what a file is when it is not a motion module, and where it belongs."""

import re
from collections.abc import Mapping, Sequence

from .character_kinds import ANOTHER_READING, CHARACTER_KINDS
from .file_kind import MOTION_MODULE, FileKind, key_lines, shown, wrapper
from .layouts import TEMPORAL
from .weights import is_bookkeeping

MODULE, SPARSE, CAMERA, MOTION_LORA, FANCY = "motion-module", "sparsectrl", "cameractrl", "motion-lora", "fancyvideo"
ONE_SHOT = "tune-a-video"
LDM_UNET, IMAGE_UNET = "image-unet", "image-unet-diffusers"
"""In the original layout, and in that of diffusers: Stable Diffusion's, and the denoising UNet of Animate Anyone."""
IMAGE_LORAS = frozenset({"domain-adapter", "motiondirector-spatial", "image-lora"})
"""Kinds that act on an image model."""
OTHER_MOTION = frozenset({SPARSE, CAMERA, MOTION_LORA, FANCY})
"""Kinds that are no motion modules although a motion module may be a part of them."""
_MOTION = TEMPORAL.pattern
_LORA = r"(_lora\.|lora_[AB]\.|\.lora\.|lora_(up|down|linear_layer)\.)"
_ADAPTER = r"\.attentions\.\S*\.processor\.to_\w+_lora\.(down|up)\."
_DIRECTOR = r"\.attentions\.\S*(proj_in|ff\.net\.\d+(\.proj)?)_lora\."
_CONTROL = r"^control_model\.|^controlnet_|input_hint_block\.|zero_convs\."
_LDM_UNET = r"^(model\.diffusion_model\.)?input_blocks\.0\.0\.weight"
_VISION = r"\bvision_model\.embeddings\.|(^|\.)visual\.transformer\."
_ONE_SHOT = r"\.attn_temp\.to_q\."
_LOADER = "put it in models/loras and load it with Load LoRA"
KINDS = (
    FileKind(
        SPARSE,
        "a SparseCtrl model",
        f"It is a ControlNet: put it in models/controlnet and load it with Load SparseCtrl. {MOTION_MODULE}",
        (r"(^|\.)controlnet_cond_embedding\.", _MOTION),
    ),
    FileKind(
        CAMERA,
        "a CameraCtrl model",
        f"It steers the camera of a motion module: choose it in Camera Control. {MOTION_MODULE}",
        (r"^(module\.)?encoder_down_conv_blocks\.|qkv_merge\.",),
    ),
    FileKind(
        MOTION_LORA,
        "a MotionLoRA",
        f"It teaches a motion module a camera move: put it in models/animatediff_motion_lora. {MOTION_MODULE}",
        (rf"{_MOTION}\S*{_LORA}",),
    ),
    FileKind(
        "domain-adapter",
        "a domain adapter (a LoRA for the image model)",
        "Put it in models/loras and on the image model with Apply Domain Adapter; the motion module that belongs to "
        "v3_sd15_adapter is v3_sd15_mm.",
        (_ADAPTER,),
        unless=f"{_MOTION}|{_DIRECTOR}",
    ),
    FileKind(
        "motiondirector-spatial",
        "the spatial half of a MotionDirector LoRA (a LoRA for the image model)",
        f"It holds looks, not motion: {_LOADER} on the image model. {MOTION_MODULE}",
        (_ADAPTER, _DIRECTOR),
        unless=_MOTION,
    ),
    FileKind(
        "image-lora",
        "a LoRA for an image model",
        f"To use it, {_LOADER}. {MOTION_MODULE}",
        (rf"^lora_(unet|te\d?)_|{_LORA}|\.hada_w1|\.lokr_w",),
        unless=rf"{_MOTION}|{_ADAPTER}|{_CONTROL}|^ip_adapter\.",
    ),
    FileKind(
        FANCY,
        "a FancyVideo model",
        f"It needs its own text and frame-rate layers to run. {MOTION_MODULE}",
        (r"(^|\.)fps_embedding\.", _MOTION),
    ),
    FileKind(
        "controlnet",
        "a ControlNet",
        f"Put it in models/controlnet and load it with Load ControlNet Model. {MOTION_MODULE}",
        (_CONTROL,),
        unless=_MOTION,
    ),
    FileKind(
        "ip-adapter",
        "an IP-Adapter",
        f"Put it in models/ipadapter and load it with an IP-Adapter node. {MOTION_MODULE}",
        (r"^ip_adapter\.", r"^image_proj\."),
    ),
    FileKind(
        "checkpoint",
        "a whole Stable Diffusion checkpoint",
        f"Put it in models/checkpoints and load it with Load Checkpoint. {MOTION_MODULE}",
        (r"^model\.diffusion_model\.", r"^(first_stage_model|cond_stage_model|conditioner)\."),
    ),
    FileKind(
        LDM_UNET,
        "an image UNet",
        f"Put it in models/diffusion_models and load it with Load Diffusion Model. {MOTION_MODULE}",
        (_LDM_UNET,),
        unless=f"{_CONTROL}|^(first_stage_model|cond_stage_model|conditioner)\\.",
    ),
    FileKind(
        IMAGE_UNET,
        "an image UNet in the diffusers layout (or the denoising UNet of Animate Anyone, which looks the same)",
        "Choose the denoising UNet of Animate Anyone as denoising_unet in Load Animate Anyone. "
        f"Put an image UNet in models/diffusion_models and load it with Load Diffusion Model. {MOTION_MODULE}",
        (r"^(unet\.)?down_blocks\.0\.resnets\.", r"^(unet\.)?conv_in\.", r"^(unet\.)?conv_norm_out\."),
        unless=f"{_MOTION}|{_CONTROL}|{ANOTHER_READING}|{_ONE_SHOT}",
    ),
    FileKind(
        ONE_SHOT,
        "a Tune-A-Video model (an image UNet tuned on one clip)",
        f"Put it in models/tune_a_video and choose it in Apply Tune-A-Video. {MOTION_MODULE}",
        (_ONE_SHOT,),
        unless=f"{_MOTION}|{_LORA}|{_CONTROL}",
    ),
    FileKind(
        "vae",
        "a VAE",
        f"Put it in models/vae and load it with Load VAE. {MOTION_MODULE}",
        (
            r"^(first_stage_model\.)?(decoder|encoder)\.conv_(in|out)\.weight"
            r"|^((taesd_)?(decoder|encoder)\.)?(layers\.)?\d+\.conv\.\d+\.weight",
        ),
        unless=r"^model\.diffusion_model\.",
    ),
    FileKind(
        "text-encoder",
        "a text encoder",
        f"Put it in models/text_encoders and load it with Load CLIP. {MOTION_MODULE}",
        (r"\b(token_embedding|embed_tokens)\.weight|^encoder\.block\.0\.layer\.0\.SelfAttention\.",),
        unless=rf"{_VISION}|^model\.diffusion_model\.",
    ),
    FileKind(
        "vision-encoder",
        "a vision encoder",
        f"Put it in models/clip_vision and load it with Load CLIP Vision. {MOTION_MODULE}",
        (_VISION,),
        unless=r"^model\.diffusion_model\.",
    ),
    *CHARACTER_KINDS,
)
"""Every kind that is known; exactly one applies to a file."""


def refusal(shapes: Mapping[str, tuple[int, ...]], file: str, unexplained: Sequence[str] = ()) -> str:
    """One sentence that names the file's kind and says where it belongs, or shows some of its keys.

    Args:
        shapes: shape of every tensor in the file.
        unexplained: keys that no motion module has, if others are of one.
    """
    known = kind_of(shapes)
    if known is not None:
        return f"{file} is {known.title}, not a motion module this node can load. {known.advice}"
    if re.search(_MOTION, key_lines(shapes)):
        sample = ", ".join(map(shown, sorted(unexplained)[:3]))
        return (
            f"{file} has temporal layers in an unfamiliar arrangement: {len(unexplained)} of its {len(shapes)} tensors "
            f"are none that a motion module has ({sample}). Please report the file and where it comes from. "
            f"{MOTION_MODULE}"
        )
    sample = ", ".join(map(shown, list(shapes)[:3]))
    return (
        f"{file} is not a motion module: none of its keys is a temporal layer (first keys: {sample}). {MOTION_MODULE}"
    )


def kind_of(shapes: Mapping[str, tuple[int, ...]]) -> FileKind | None:
    """The kind of a file that is no motion module, None if it is of none that is known."""
    named = {key: shape for key, shape in shapes.items() if not is_bookkeeping(key)}
    prefix = wrapper(named)
    # a whole file may be told by the very prefix that all its keys have
    for plain in (shapes, {key.removeprefix(prefix): shape for key, shape in named.items()} if prefix else {}):
        lines = key_lines(plain)
        kind = next((entry for entry in KINDS if entry.applies(lines)), None)
        if kind is not None:
            return kind
    return None
