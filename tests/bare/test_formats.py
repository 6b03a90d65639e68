"""Every layout is recognised as exactly one format, or refused by its name."""

import re

import pytest
import torch
from kinema.motion.files import WeightFileError
from kinema.motion.formats import FORMATS, MotionFormatError, recognise
from kinema.motion.module import canonical_state, load_motion_model

from tests.harness import layouts

KNOWN = {
    "AnimateDiff v1": {"channels": layouts.SD15, "mid": False, "positions": 24},
    "AnimateDiff v2": {"channels": layouts.SD15, "mid": True, "positions": 32},
    "AnimateDiff v3": {"channels": layouts.SD15, "mid": False, "positions": 32},
    "AnimateDiff SDXL beta": {"channels": layouts.SDXL, "mid": False, "positions": 32},
}
C = (2, 2)
REFUSED = {
    "SparseCtrl": {
        "controlnet_cond_embedding.weight": (320, 5, 3, 3),
        "down_blocks.0.motion_modules.0.temporal_transformer.norm.weight": (320,),
    },
    "CameraCtrl": {"encoder_down_conv_blocks.0.0.block1.weight": (320, 320, 3, 3)},
    "MotionLoRA": {
        "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0."
        "processor.to_q_lora.down.weight": (64, 320)
    },
    "domain adapter": {
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight": (320, 128)
    },
    "LoRA for an image model": {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": (4, 320)},
    "PIA": {
        "conv_in.weight": (320, 9, 3, 3),
        "conv_in.bias": (320,),
        "down_blocks.0.motion_modules.0.temporal_transformer.norm.weight": (320,),
    },
    "ControlNet": {"control_model.input_hint_block.0.weight": (16, 3, 3, 3)},
    "IP-Adapter": {"ip_adapter.1.to_k_ip.weight": (320, 768), "image_proj.proj.weight": (3072, 1024)},
    "checkpoint": {"model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3), "first_stage_model.x": (1,)},
    "diffusers": {"conv_in.weight": (320, 4, 3, 3), "down_blocks.0.resnets.0.conv1.weight": (320, 320, 3, 3)},
    "VAE": {"decoder.conv_in.weight": (512, 4, 3, 3), "encoder.conv_in.weight": (128, 3, 3, 3)},
    "text or vision encoder": {"text_model.embeddings.token_embedding.weight": (49408, 768)},
    "pose guider": {
        "conv_in.weight": (16, 3, 3, 3),
        "blocks.0.weight": (16, 16, 3, 3),
        "conv_out.weight": (320, 256, 3, 3),
    },
    "none of its keys": {"something.else": C},
}


def shapes_of(**options) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        places = layouts.places(options["channels"], options["mid"])
    found = {
        f"{place}.temporal_transformer.{leaf}": shape
        for place, width in places
        for leaf, shape in layouts.leaves(width).items()
    }
    for place, width in places if options["positions"] else ():
        for n in (0, 1):
            name = f"{place}.temporal_transformer.transformer_blocks.0.attention_blocks.{n}.pos_encoder.pe"
            found[name] = (1, options["positions"], width)
    return found


@pytest.mark.parametrize("name", KNOWN)
def test_recognised(name: str) -> None:
    recognised = recognise(shapes_of(**KNOWN[name]), "file")
    assert recognised.format.name == name
    assert recognised.max_frames == KNOWN[name]["positions"]
    assert sum(format.matches(recognised.structure) for format in FORMATS) == 1


def test_file_name_plays_no_part() -> None:
    shapes = shapes_of(**KNOWN["AnimateDiff v2"])
    assert recognise(shapes, "v3_sd15_mm.ckpt").format.name == "AnimateDiff v2"


def test_order_plays_no_part() -> None:
    shapes = shapes_of(**KNOWN["AnimateDiff v3"])
    assert recognise(dict(reversed(shapes.items())), "file").format.name == "AnimateDiff v3"


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_by_name(kind: str) -> None:
    with pytest.raises(MotionFormatError, match=re.escape(kind)) as caught:
        recognise(REFUSED[kind], "somebody.safetensors")
    assert "somebody.safetensors" in str(caught.value)


def test_missing_tensors_are_named() -> None:
    shapes = shapes_of(**KNOWN["AnimateDiff v2"])
    gone = next(key for key in shapes if key.endswith("ff.net.2.weight"))
    del shapes[gone]
    with pytest.raises(
        MotionFormatError, match=r"1 tensors of the down block 0\.0 are missing, such as ff_out\.weight"
    ):
        recognise(shapes, "file")


def test_wrong_shapes_are_named() -> None:
    shapes = shapes_of(**KNOWN["AnimateDiff v2"])
    key = next(key for key in shapes if key.endswith("proj_out.weight"))
    shapes[key] = (320, 640)
    with pytest.raises(MotionFormatError, match=r"proj_out\.weight \(320, 640\)"):
        recognise(shapes, "file")


def test_unpublished_arrangement_is_refused() -> None:
    with pytest.raises(MotionFormatError, match="position tables of 17 frames"):
        recognise(shapes_of(channels=layouts.SD15, mid=True, positions=17), "file")


def test_foreign_keys_are_refused() -> None:
    with pytest.raises(MotionFormatError):
        recognise(shapes_of(**KNOWN["AnimateDiff v2"]) | {"down_blocks.0.motion_modules.0.extra": (1,)}, "file")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_broken_numbers_are_refused(bad: float) -> None:
    state = layouts.motion_module((32, 32, 32, 32))
    key = next(key for key in state if key.endswith("ff.net.2.weight"))
    state[key][3, 5] = bad
    recognised = recognise({name: tuple(value.shape) for name, value in state.items()}, "bad.safetensors")
    with pytest.raises(MotionFormatError, match=f"bad.safetensors is damaged: {re.escape(key)}"):
        canonical_state(state, recognised, "bad.safetensors")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float8_e4m3fn])
def test_loads_every_dtype(dtype: torch.dtype) -> None:
    state = {key: value.to(dtype) for key, value in layouts.motion_module((32, 32, 32, 32)).items()}
    recognised = recognise({name: tuple(value.shape) for name, value in state.items()}, "file")
    model = load_motion_model(state, recognised, "file", dtype=torch.float32)
    weight = model.at(("middle", 0)).ff_out.weight
    wanted = state["mid_block.motion_modules.0.temporal_transformer.transformer_blocks.0.ff.net.2.weight"]
    assert torch.equal(weight, wanted.float())


def test_errors_are_value_errors() -> None:
    assert issubclass(MotionFormatError, ValueError)
    assert issubclass(WeightFileError, ValueError)
