"""Say by name what a file is when it is not a motion module, and where it belongs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A kind of file, the keys that prove it (all must occur), and what to do with it."""

    kind: str
    proof: tuple[str, ...]
    advice: str

    def applies(self, descriptions: list[str]) -> bool:
        """Whether every proof pattern is found in some "key [shape]" line."""
        return all(any(re.search(pattern, line) for line in descriptions) for pattern in self.proof)


_MOTION_MODULE = "Choose a motion module, for example mm_sd_v15_v2 or v3_sd15_mm."
REFUSALS = (
    Refusal(
        "a SparseCtrl model",
        (r"^controlnet_cond_embedding\.", r"motion_modules\."),
        f"It is a ControlNet: put it in models/controlnet. {_MOTION_MODULE}",
    ),
    Refusal(
        "a CameraCtrl model",
        (r"^encoder_down_conv_blocks\.|qkv_merge\.",),
        f"It steers the camera of a motion module and cannot animate alone. {_MOTION_MODULE}",
    ),
    Refusal(
        "a MotionLoRA",
        (r"(motion_modules|temporal_attentions)\..*(_lora\.|lora_[AB]\.|\.lora\.|\.alpha )",),
        f"It teaches a motion module a camera move: put it in models/animatediff_motion_lora. {_MOTION_MODULE}",
    ),
    Refusal(
        "a domain adapter (a LoRA for the image model)",
        (r"\.attentions\..*\.processor\.to_\w+_lora\.(down|up)\.weight \[",),
        "Put it in models/loras and load it with Load LoRA on the image model. The motion module that belongs to "
        "v3_sd15_adapter is v3_sd15_mm.",
    ),
    Refusal(
        "a LoRA for an image model",
        (r"^lora_(unet|te\d?)_|\.lora_(A|B|up|down)\.|\.lora\.(up|down)\.|\.hada_w1|\.lokr_w",),
        f"Put it in models/loras and load it with Load LoRA. {_MOTION_MODULE}",
    ),
    Refusal(
        "an image-to-video motion module with a picture encoder (AnimateLCM-I2V)",
        (r"^img_encoder\.", r"motion_modules\."),
        f"It needs its picture encoder to run. {_MOTION_MODULE}",
    ),
    Refusal(
        "a PIA image-animation model",
        (r"^conv_in\.weight \[\d+, 9,", r"motion_modules\."),
        f"It needs its nine-channel input layer to run. {_MOTION_MODULE}",
    ),
    Refusal(
        "a ControlNet",
        (r"^control_model\.|^controlnet_(cond_embedding|down_blocks|mid_block)\.|input_hint_block\.|zero_convs\.",),
        f"Put it in models/controlnet and load it with Load ControlNet Model. {_MOTION_MODULE}",
    ),
    Refusal(
        "an IP-Adapter",
        (r"^ip_adapter\.", r"^image_proj\."),
        f"Put it in models/ipadapter and load it with an IP-Adapter node. {_MOTION_MODULE}",
    ),
    Refusal(
        "a whole Stable Diffusion checkpoint",
        (r"^model\.diffusion_model\.",),
        f"Put it in models/checkpoints and load it with Load Checkpoint. {_MOTION_MODULE}",
    ),
    Refusal(
        "an image UNet in the diffusers layout",
        (r"^down_blocks\.0\.resnets\.", r"^conv_in\.weight \["),
        f"Put it in models/diffusion_models and load it with Load Diffusion Model. {_MOTION_MODULE}",
    ),
    Refusal(
        "a VAE",
        (r"^(first_stage_model\.)?(decoder|taesd_decoder|encoder)\.(conv_in|conv_out|mid|up|\d+)\b",),
        f"Put it in models/vae and load it with Load VAE. {_MOTION_MODULE}",
    ),
    Refusal(
        "a CLIP text or vision encoder",
        (r"\bembeddings\.(token|patch)_embedding\.|transformer\.resblocks\.",),
        f"Put it in models/text_encoders or models/clip_vision. {_MOTION_MODULE}",
    ),
    Refusal(
        "a pose guider of Animate Anyone",
        (r"^conv_in\.weight \[", r"^blocks\.0\.weight \[", r"^conv_out\.weight \["),
        _MOTION_MODULE,
    ),
    Refusal(
        "an unfamiliar arrangement of temporal layers",
        (r"(motion_modules|temporal_attentions)\.",),
        f"Please report the file and where it comes from. {_MOTION_MODULE}",
    ),
)


def refusal(shapes: Mapping[str, tuple[int, ...]], file: str) -> str:
    """One sentence that names the file's kind and says where it belongs, or shows some of its keys."""
    descriptions = [f"{key} {list(shape)}" for key, shape in shapes.items()]
    for entry in REFUSALS:
        if entry.applies(descriptions):
            return f"{file} is {entry.kind}, not a motion module this node can load. {entry.advice}"
    sample = ", ".join(list(shapes)[:3])
    return (
        f"{file} is not a motion module: none of its keys is a temporal layer (first keys: {sample}). {_MOTION_MODULE}"
    )
