"""Every file that is no motion module is refused by exactly one name, with the place where it belongs."""

import pytest
from kinema.motion.formats import recognise
from kinema.motion.formats.character_kinds import CHARACTER_KINDS
from kinema.motion.formats.kinds import KINDS, key_lines
from kinema.motion.formats.modules import MotionFormatError

from tests.harness.seeded.layouts import SD15, image_unet, leaves, motion_shapes, places, respelled
from tests.harness.seeded.layouts_crossframe import one_shot_shapes

Shapes = dict[str, tuple[int, ...]]
WHOLE = ("to_q", "to_k", "to_v", "to_out")


def lora(template: str, rank: int = 64) -> Shapes:
    """A MotionLoRA on every attention of a v2 module; the template names one of its layers."""
    shapes = {}
    for place, width in places(SD15, mid=True):
        for n in (0, 1):
            for layer in WHOLE:
                down, up = template.format(place=place, n=n, diffusers=n + 1, layer=layer).split("|")
                shapes |= {down: (rank, width), up: (width, rank)}
    return shapes


def spatial_lora(template: str, attentions: tuple[str, ...] = ("attn1", "attn2"), rank: int = 128) -> Shapes:
    shapes = {}
    for block in ("down_blocks.0.attentions.0", "mid_block.attentions.0", "up_blocks.3.attentions.2"):
        for attention in attentions:
            for layer in WHOLE:
                down, up = template.format(block=block, attention=attention, layer=layer).split("|")
                shapes |= {down: (rank, 320), up: (320, rank)}
    return shapes


def both(stem: str, down: str = "down", up: str = "up") -> str:
    return f"{stem}.{down}.weight|{stem}.{up}.weight"


MOTION, UNET = motion_shapes(), image_unet()
INNER = "{place}.temporal_transformer.transformer_blocks.0.attention_blocks.{n}."
ADAPTER = spatial_lora(both("{block}.transformer_blocks.0.{attention}.processor.{layer}_lora"))
DIRECTOR = spatial_lora(both("{block}.transformer_blocks.0.{attention}.processor.{layer}_lora"), ("attn1",))
ENCODER = {
    f"{block}.{leaf}": shape
    for block in ("down_blocks.0.motion_modules.0", "down_blocks.3.motion_modules.1")
    for leaf, shape in leaves(320).items()
    if "blocks.1." not in leaf
}
CONTROL = {key: shape for key, shape in UNET.items() if not key.startswith(("up_", "conv_norm", "conv_out"))} | {
    "controlnet_down_blocks.0.weight": (320, 320, 1, 1),
    "controlnet_mid_block.weight": (1280, 1280, 1, 1),
}
LDM = {
    "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight": (320, 320),
}
LDM_VAE = {
    "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    "first_stage_model.encoder.down.0.block.0.conv1.weight": (128, 128, 3, 3),
}
GUIDER = {
    "conv_in.weight": (16, 3, 3, 3),
    "blocks.0.weight": (16, 16, 3, 3),
    "conv_out.weight": (320, 256, 3, 3),
}
QKV_MERGE = {
    f"{place}.temporal_transformer.transformer_blocks.0.attention_blocks.0.processor.qkv_merge.weight": (width, width)
    for place, width in places(SD15, mid=False)
}
POSES = {
    "encoder_conv_in.weight": (320, 384, 3, 3),
    "encoder_down_conv_blocks.0.0.block1.weight": (320, 320, 3, 3),
    "encoder_down_attention_blocks.0.0.attention_blocks.0.to_q.weight": (320, 320),
    "encoder_down_attention_blocks.0.0.attention_blocks.0.pos_encoder.pe": (1, 16, 320),
}
V3 = motion_shapes(mid=False)
CLIP_TEXT = {
    "text_model.embeddings.token_embedding.weight": (49408, 768),
    "text_model.encoder.layers.0.self_attn.k_proj.weight": (768, 768),
}
CLIP_VISION = {
    "vision_model.embeddings.patch_embedding.weight": (1024, 3, 14, 14),
    "vision_model.encoder.layers.0.self_attn.k_proj.weight": (1024, 1024),
}
REFUSED: dict[str, tuple[str, str, Shapes]] = {
    "v2_lora": ("a MotionLoRA", "animatediff_motion_lora", lora(both(INNER + "processor.{layer}_lora"))),
    "v2_lora diffusers": (
        "a MotionLoRA",
        "animatediff_motion_lora",
        lora(both("unet.{place}.transformer_blocks.0.attn{diffusers}.processor.{layer}_lora")),
    ),
    "v2_lora PEFT": (
        "a MotionLoRA",
        "animatediff_motion_lora",
        lora(both("{place}.transformer_blocks.0.attn{diffusers}.{layer}", "lora_A", "lora_B")),
    ),
    "v2_lora with alpha": (
        "a MotionLoRA",
        "animatediff_motion_lora",
        lora(both("unet.{place}.transformer_blocks.0.attn{diffusers}.{layer}.lora")) | {"unet.x.alpha": ()},
    ),
    "kohya motion lora": (
        "a MotionLoRA",
        "animatediff_motion_lora",
        {"lora_unet_down_blocks_0_motion_modules_0_temporal_transformer_proj_in.lora_down.weight": (64, 320)},
    ),
    "MotionDirector temporal": (
        "a MotionLoRA",
        "animatediff_motion_lora",
        lora(both(INNER + "processor.{layer}_lora"))
        | lora(both("{place}.temporal_transformer.transformer_blocks.0.ff.net.0.processor.proj_lora")),
    ),
    "MotionDirector spatial": (
        "the spatial half of a MotionDirector LoRA",
        "models/loras",
        DIRECTOR
        | spatial_lora(both("{block}.transformer_blocks.0.ff.net.0.proj_lora"))
        | spatial_lora(both("{block}.proj_in_lora")),
    ),
    "v3_sd15_adapter": ("a domain adapter", "models/loras", ADAPTER),
    "kohya lora": (
        "a LoRA for an image model",
        "models/loras",
        {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": (4, 320)},
    ),
    "diffusers lora": (
        "a LoRA for an image model",
        "models/loras",
        spatial_lora(both("unet.{block}.transformer_blocks.0.{attention}.{layer}.lora")),
    ),
    "SparseCtrl rgb": (
        "a SparseCtrl model",
        "models/controlnet",
        CONTROL | ENCODER | {"controlnet_cond_embedding.weight": (320, 5, 3, 3)},
    ),
    "SparseCtrl scribble": (
        "a SparseCtrl model",
        "models/controlnet",
        respelled(CONTROL | ENCODER, "diffusers") | {"controlnet_cond_embedding.conv_in.weight": (16, 4, 3, 3)},
    ),
    "ControlNet diffusers": (
        "a ControlNet",
        "models/controlnet",
        CONTROL | {"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3)},
    ),
    "ControlNet ldm": (
        "a ControlNet",
        "models/controlnet",
        {
            "control_model.input_blocks.0.0.weight": (320, 4, 3, 3),
            "control_model.input_hint_block.0.weight": (16, 3, 3, 3),
        },
    ),
    "ControlNet pruned": (
        "a ControlNet",
        "models/controlnet",
        {"input_blocks.0.0.weight": (320, 4, 3, 3), "zero_convs.0.0.weight": (320, 320, 1, 1)},
    ),
    "CameraCtrl": ("a CameraCtrl model", "camera", POSES | QKV_MERGE),
    "CameraCtrl poses": ("a CameraCtrl model", "camera", POSES),
    "CameraCtrl processors": ("a CameraCtrl model", "camera", QKV_MERGE),
    "FancyVideo": (
        "a FancyVideo model",
        "frame-rate",
        V3 | {"fps_embedding.linear.weight": (1280, 1280), "motion_embedding.linear.weight": (1280, 1280)},
    ),
    "IP-Adapter": (
        "an IP-Adapter",
        "models/ipadapter",
        {"ip_adapter.1.to_k_ip.weight": (320, 768), "image_proj.proj.weight": (3072, 1024)},
    ),
    "IP-Adapter FaceID": (
        "an IP-Adapter",
        "models/ipadapter",
        {"ip_adapter.0.to_q_lora.down.weight": (128, 320), "image_proj.proj.0.weight": (1024, 512)},
    ),
    "checkpoint": (
        "a whole Stable Diffusion checkpoint",
        "models/checkpoints",
        LDM | LDM_VAE | {f"cond_stage_model.transformer.{key}": shape for key, shape in CLIP_TEXT.items()},
    ),
    "UNet ldm": ("an image UNet", "models/diffusion_models", LDM),
    "UNet diffusers": ("an image UNet in the diffusers layout", "models/diffusion_models", UNET),
    "Tune-A-Video": ("a Tune-A-Video model", "models/tune_a_video", one_shot_shapes()),
    "Tune-A-Video trained part": ("a Tune-A-Video model", "models/tune_a_video", one_shot_shapes(whole=False)),
    "reference UNet": (
        "the reference UNet of Animate Anyone",
        "character",
        {key: shape for key, shape in UNET.items() if not key.startswith(("conv_out", "conv_norm_out"))},
    ),
    "pose guider": ("a pose guider of Animate Anyone", "poses", GUIDER),
    "VAE ldm": ("a VAE", "models/vae", LDM_VAE),
    "VAE diffusers": (
        "a VAE",
        "models/vae",
        {
            "decoder.conv_in.weight": (512, 4, 3, 3),
            "encoder.conv_in.weight": (128, 3, 3, 3),
            "encoder.down_blocks.0.resnets.0.conv1.weight": (128, 128, 3, 3),
        },
    ),
    "taesd": ("a VAE", "models/vae", {"1.weight": (64, 4, 3, 3), "3.conv.0.weight": (64, 64, 3, 3)}),
    "taesd diffusers": (
        "a VAE",
        "models/vae",
        {"decoder.layers.0.weight": (64, 4, 3, 3), "decoder.layers.2.conv.0.weight": (64, 64, 3, 3)},
    ),
    "CLIP text": ("a text encoder", "models/text_encoders", CLIP_TEXT),
    "T5": (
        "a text encoder",
        "models/text_encoders",
        {"encoder.block.0.layer.0.SelfAttention.q.weight": (4096, 4096), "shared.weight": (32128, 4096)},
    ),
    "CLIP vision": ("a vision encoder", "models/clip_vision", CLIP_VISION),
    "CLIP": ("a vision encoder", "models/clip_vision", CLIP_TEXT | CLIP_VISION),
}


@pytest.mark.parametrize("file", REFUSED)
def test_refused_by_exactly_one_name(file: str) -> None:
    kind, place, shapes = REFUSED[file]
    applied = [entry for entry in KINDS if entry.applies(key_lines(shapes))]
    assert [kind in entry.title for entry in applied] == [True]
    for ordered in (shapes, dict(reversed(shapes.items()))):
        with pytest.raises(MotionFormatError) as caught:
            recognise(ordered, "somebody.safetensors")
        said = str(caught.value)
        assert said.startswith("somebody.safetensors is ")
        assert kind in said
        assert place in said
        assert len(said) < 450


def test_every_refusal_is_tested() -> None:
    """Those of characters in `test_character_kinds`."""
    kinds = {kind for kind, _, _ in REFUSED.values()}
    assert all(any(kind in entry.title for kind in kinds) for entry in KINDS if entry not in CHARACTER_KINDS)


def test_unknown_files_show_some_keys() -> None:
    with pytest.raises(
        MotionFormatError, match=r"none of its keys is a temporal layer \(first keys: something\.else\)"
    ):
        recognise({"something.else": (2, 2)}, "file")


def test_unknown_temporal_layers_show_some_keys() -> None:
    shapes = {"blocks.0.motion_modules.0.conv.weight": (2, 2)}
    with pytest.raises(MotionFormatError, match=r"unfamiliar arrangement: 1 of its 1 tensors .* \(blocks\.0\.motion"):
        recognise(shapes, "file")
