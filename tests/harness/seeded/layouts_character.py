"""The networks of the Animate Anyone family as their releases hold them, and seeded random ones. Plain torch.

All of them are the UNet of SD1.5 in diffusers' naming with something left out or added. Motion modules of their own
files are `layouts.motion_shapes` (v2; MusePose has 128 positions, MagicAnimate is v1).
"""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

from .layouts import SD15, Shape, image_unet, layer, motion_shapes, position_table, tensor
from .layouts_adapter import spatial_transformers
from .layouts_guiders import PAPER, moore_guider, transformer

Shapes = dict[str, Shape]
BLOCK = "transformer_blocks.0"


def reference_unet(channels: Sequence[int] = SD15) -> Shapes:
    """The ReferenceNet of Moore, MusePose, Champ, AniPortrait and Hallo: a UNet without its last layers."""
    return _without(image_unet(channels), r"^conv_(norm_)?out\.")


def denoising_unet(channels: Sequence[int] = SD15, context: int = 768) -> Shapes:
    """The denoiser of Moore, MusePose, Champ and AniPortrait, with all that SD1.5 has and nothing else."""
    return image_unet(channels, context)


def face_denoiser(channels: Sequence[int] = SD15) -> Shapes:
    """The denoiser of Moore's face version: UNet and motion modules in one file."""
    return denoising_unet(channels) | motion_shapes(channels, mid=True, positions=32)


def echomimic_reference(channels: Sequence[int] = SD15) -> Shapes:
    """The ReferenceNet of EchoMimic, which has no cross-attention."""
    return _without(reference_unet(channels), rf"\.{BLOCK}\.(attn2|norm2)\.")


def echomimic_denoiser(channels: Sequence[int] = SD15) -> Shapes:
    """The denoiser of EchoMimic, whose cross-attention reads 384 channels of sound."""
    return denoising_unet(channels, context=384)


def v_express_reference(channels: Sequence[int] = SD15) -> Shapes:
    """The reference net of V-Express, whose ``conv_out`` stayed and whose ``conv_norm_out`` went."""
    return _without(image_unet(channels), r"^conv_norm_out\.")


def v_express_denoiser(channels: Sequence[int] = SD15, motion: bool = False) -> Shapes:
    """The denoiser of V-Express, with a third attention for the reference; its file may hold the motion modules too."""
    shapes = denoising_unet(channels)
    for place, _, width in spatial_transformers(channels):
        block = f"{place}.{BLOCK}"
        shapes |= {f"{block}.attn1_5.to_{letter}.weight": (width, width) for letter in "qkv"}
        shapes |= layer(f"{block}.attn1_5.to_out.0", width, width) | layer(f"{block}.norm1_5", width)
    return shapes | (motion_shapes(channels, mid=True, positions=32) if motion else {})


def v_express_audio() -> Shapes:
    """What makes tokens of sound for V-Express: a position table, latents, and four layers."""
    width = 768
    shapes: Shapes = {"latents": (1, 5, width), "pos_emb.weight": (10, width)}
    for part in ("proj_in", "proj_out"):
        shapes |= layer(part, width, width)
    shapes |= layer("norm_out", width)
    for n in range(4):
        first, second = f"layers.{n}.0", f"layers.{n}.1"
        shapes |= layer(f"{first}.norm1", width) | layer(f"{first}.norm2", width) | layer(f"{second}.0", width)
        shapes |= {f"{first}.to_q.weight": (width, width), f"{first}.to_kv.weight": (2 * width, width)}
        shapes |= {f"{first}.to_out.weight": (width, width)}
        shapes |= {f"{second}.1.weight": (4 * width, width), f"{second}.3.weight": (width, 4 * width)}
    return shapes


def appearance_encoder(channels: Sequence[int] = SD15) -> Shapes:
    """MagicAnimate's: a ReferenceNet that ends with the first norm of its last transformer."""
    last = "up_blocks.3.attentions.2"
    kept = (f"{last}.norm.", f"{last}.proj_in.", f"{last}.{BLOCK}.norm1.")
    return {
        key: shape
        for key, shape in reference_unet(channels).items()
        if not key.startswith(f"{last}.") or key.startswith(kept)
    }


def hallo_net(channels: Sequence[int] = SD15) -> Shapes:
    """Hallo's one file: five networks, each under its prefix."""
    denoiser = face_denoiser(channels) | _hallo_audio(channels)
    parts: dict[str, Shapes] = {
        "reference_unet": reference_unet(channels),
        "denoising_unet": denoiser,
        "face_locator": moore_guider(channels[0], PAPER),
        "imageproj": layer("proj", 4 * 768, 512) | layer("norm", 768),
        "audioproj": layer("proj1", 512, 5 * 12 * 768)
        | layer("proj2", 512, 512)
        | layer("proj3", 32 * 768, 512)
        | layer("norm", 768),
    }
    return {f"{prefix}.{key}": shape for prefix, shapes in parts.items() for key, shape in shapes.items()}


def _hallo_audio(channels: Sequence[int]) -> Shapes:
    """A transformer beside each of the UNet's own, with one attention to sound for each of three masks."""
    shapes: Shapes = {}
    for place, _, width in spatial_transformers(channels):
        inner = _hallo_inner(place, channels)
        name = place.replace("attentions", "audio_modules")
        block = f"{name}.{BLOCK}"
        shapes |= transformer(name, width, inner) | layer(f"{block}.norm2", inner)
        for part in ("full", "face", "lip"):
            shapes |= layer(f"{block}.zero_conv_{part}", inner, inner, 1, 1)
        for n in range(3):
            attention = f"{block}.attn2_{n}"
            shapes |= {f"{attention}.to_{letter}.weight": (inner, 768) for letter in "kv"}
            shapes |= {f"{attention}.to_q.weight": (inner, inner)} | layer(f"{attention}.to_out.0", inner, inner)
    return shapes


def _hallo_inner(place: str, channels: Sequence[int]) -> int:
    """Hallo's code took the width of what comes in going down, and of what comes next going up."""
    if place.startswith("mid_block"):
        return channels[-1]
    way, block, _, number = place.split(".")
    level = int(block) if way == "down_blocks" else len(channels) - 1 - int(block)
    return channels[level] if way == "down_blocks" and number == "1" else channels[max(level - 1, 0)]


def _without(shapes: Shapes, pattern: str) -> Shapes:
    return {key: shape for key, shape in shapes.items() if not re.search(pattern, key)}


def seeded(shapes: Mapping[str, Shape], name: str, gain: float = 0.2, seed: int = 0) -> dict[str, Tensor]:
    """A network of these shapes.

    Args:
        name: keeps two networks of one layout apart; two with one name share what they have in common.
        gain: how much leaves what starts at zero in training: motion modules and Hallo's masks.
    """
    state: dict[str, Tensor] = {}
    for key, shape in shapes.items():
        table = key.endswith("pos_encoder.pe")
        state[key] = position_table(*shape[1:]) if table else tensor(f"{name}.{key}", shape, _gain(key, gain), seed)
    return state


def _gain(key: str, gain: float) -> float:
    if ".temporal_transformer.proj_out." in key or ".zero_conv_" in key:
        return gain
    # residual branches that are not small let the features grow from block to block
    return 0.7 if any(part in key for part in (".conv2.", "proj_out", "to_out", "ff.net.2")) else 1.0


OUTER = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}


def ldm_name(key: str) -> str:
    """What the original code calls the tensor of an SD1.5 UNet that diffusers calls ``key``."""
    name, _, kind = key.rpartition(".")
    if name in OUTER:
        return f"{OUTER[name]}.{kind}"
    way, _, rest = key.partition(".")
    block, part, number, inner = ["0", *rest.split(".", 2)] if way == "mid_block" else rest.split(".", 3)
    level, layer_number = int(block), int(number)
    if part == "resnets":
        leaf, _, kind = inner.partition(".")
        inner = f"{RESNET[leaf]}.{kind}"
    if way == "mid_block":
        return f"middle_block.{2 * layer_number if part == 'resnets' else 1}.{inner}"
    if part == "downsamplers":
        return f"input_blocks.{3 * level + 3}.0.{inner.replace('conv', 'op')}"
    if part == "upsamplers":
        # the coarsest level has no transformer between
        return f"output_blocks.{3 * level + 2}.{1 if level == 0 else 2}.{inner}"
    place = 0 if part == "resnets" else 1
    first = (
        f"input_blocks.{3 * level + layer_number + 1}"
        if way == "down_blocks"
        else f"output_blocks.{3 * level + layer_number}"
    )
    return f"{first}.{place}.{inner}"


CHARACTERS = {
    "reference_unet": reference_unet(),
    "denoising_unet": denoising_unet(),
    "face_denoiser": face_denoiser(),
    "echomimic_reference": echomimic_reference(),
    "echomimic_denoiser": echomimic_denoiser(),
    "v_express_reference": v_express_reference(),
    "v_express_denoiser": v_express_denoiser(),
    "v_express_full": v_express_denoiser(motion=True),
    "v_express_audio": v_express_audio(),
    "appearance_encoder": appearance_encoder(),
    "hallo_net": hallo_net(),
}
"""Every layout at the widths of SD1.5."""
