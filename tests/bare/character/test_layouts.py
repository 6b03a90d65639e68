"""The seeded files of the Animate Anyone family have the tensors of the published ones."""

import math

import pytest
import torch

from tests.harness.seeded.layouts import SMALL, motion_shapes
from tests.harness.seeded.layouts_character import (
    CHARACTERS,
    denoising_unet,
    hallo_net,
    ldm_name,
    reference_unet,
    seeded,
)
from tests.harness.seeded.layouts_guiders import (
    GUIDERS,
    aniportrait_guider,
    moore_guider,
    paper_guider,
    seeded_guider,
)
from tests.harness.seeded.weights_character import clip_vision_shapes

BLOCK = "transformer_blocks.0"
FILES = CHARACTERS | GUIDERS | {"clip_vision": clip_vision_shapes()}
PUBLISHED = {
    "reference_unet": (682, 859_508_800),
    "denoising_unet": (686, 859_520_964),
    "face_denoiser": (1274, 1_313_938_564),
    "echomimic_reference": (570, 815_521_280),
    "echomimic_denoiser": (686, 849_936_324),
    "v_express_reference": (684, 859_520_324),
    "v_express_denoiser": (798, 909_120_004),
    "v_express_full": (1386, 1_363_537_604),
    "v_express_audio": (52, 29_524_224),
    "appearance_encoder": (662, 857_066_560),
    "hallo_net": (2656, 2_424_802_964),
    "moore": (16, 1_086_480),
    "moore_paper_widths": (16, 514_896),
    "echomimic_locator": (16, 1_086_192),
    "champ": (149, 3_833_136),
    "aniportrait": (184, 167_528_848),
    "paper": (10, 173_556),
    "clip_vision": (392, 303_966_208),
}
"""Tensors in each file and numbers in them."""


def test_all_are_counted() -> None:
    assert PUBLISHED.keys() == FILES.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_size(name: str) -> None:
    shapes = FILES[name]
    assert (len(shapes), sum(math.prod(shape) for shape in shapes.values())) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "key", "shape"),
    [
        ("reference_unet", f"up_blocks.3.attentions.2.{BLOCK}.norm1.weight", (320,)),
        ("reference_unet", f"mid_block.attentions.0.{BLOCK}.attn2.to_k.weight", (1280, 768)),
        ("denoising_unet", "conv_out.weight", (4, 320, 3, 3)),
        ("echomimic_denoiser", f"mid_block.attentions.0.{BLOCK}.attn2.to_k.weight", (1280, 384)),
        ("v_express_reference", "conv_out.bias", (4,)),
        ("v_express_denoiser", f"up_blocks.2.attentions.1.{BLOCK}.attn1_5.to_out.0.weight", (640, 640)),
        ("v_express_denoiser", f"mid_block.attentions.0.{BLOCK}.norm1_5.bias", (1280,)),
        ("appearance_encoder", f"up_blocks.3.attentions.2.{BLOCK}.norm1.bias", (320,)),
        ("hallo_net", f"denoising_unet.down_blocks.1.audio_modules.0.{BLOCK}.attn2_2.to_v.weight", (320, 768)),
        ("hallo_net", "denoising_unet.up_blocks.1.audio_modules.2.proj_out.weight", (1280, 640, 1, 1)),
        ("hallo_net", "face_locator.conv_out.weight", (320, 128, 3, 3)),
        ("moore", "blocks.5.weight", (256, 96, 3, 3)),
        ("echomimic_locator", "conv_in.weight", (16, 1, 3, 3)),
        ("champ", f"attentions.5.{BLOCK}.ff.net.0.proj.weight", (2048, 256)),
        ("champ", "guidance_attention.proj_in.weight", (256, 256, 1, 1)),
        ("aniportrait", "conv_layers.15.weight", (64, 32, 4, 4)),
        ("aniportrait", "conv_layers_3.4.running_var", (1280,)),
        ("aniportrait", "cross_attn2.proj_in.weight", (1408, 640, 1, 1)),
        ("paper", "blocks.3.weight", (128, 64, 4, 4)),
        ("paper", "conv_out.weight", (4, 128, 1, 1)),
    ],
)
def test_shapes(name: str, key: str, shape: tuple[int, ...]) -> None:
    assert FILES[name][key] == shape


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("reference_unet", "conv_norm_out"),
        ("reference_unet", "conv_out"),
        ("echomimic_reference", f"{BLOCK}.norm2"),
        ("echomimic_reference", "attn2"),
        ("v_express_reference", "conv_norm_out"),
        ("appearance_encoder", f"up_blocks.3.attentions.2.{BLOCK}.attn1"),
    ],
)
def test_what_is_left_out(name: str, part: str) -> None:
    assert not [key for key in FILES[name] if part in key]


def test_motion_modules_are_those_of_v2() -> None:
    own = {key: shape for key, shape in FILES["face_denoiser"].items() if ".motion_modules." in key}
    assert own == motion_shapes(mid=True, positions=32)
    assert FILES["face_denoiser"].items() - own.items() == FILES["denoising_unet"].items()


def test_hallo_is_five_files_in_one() -> None:
    found: dict[str, int] = {}
    for key in hallo_net(SMALL):
        prefix = key.partition(".")[0]
        found[prefix] = found.get(prefix, 0) + 1
    wanted = {"reference_unet": 682, "denoising_unet": 1946, "face_locator": 16, "imageproj": 4, "audioproj": 8}
    assert found == wanted


def test_names_of_the_original_code() -> None:
    names = [ldm_name(key) for key in denoising_unet()]
    assert len(set(names)) == 686
    for key, wanted in (
        ("down_blocks.1.resnets.0.conv_shortcut.bias", "input_blocks.4.0.skip_connection.bias"),
        ("down_blocks.2.downsamplers.0.conv.weight", "input_blocks.9.0.op.weight"),
        ("mid_block.resnets.1.norm2.weight", "middle_block.2.out_layers.0.weight"),
        ("up_blocks.0.upsamplers.0.conv.weight", "output_blocks.2.1.conv.weight"),
        ("up_blocks.2.upsamplers.0.conv.weight", "output_blocks.8.2.conv.weight"),
        (f"up_blocks.3.attentions.2.{BLOCK}.attn1.to_k.weight", f"output_blocks.11.1.{BLOCK}.attn1.to_k.weight"),
    ):
        assert ldm_name(key) == wanted


def test_a_network_depends_on_its_name_and_seed() -> None:
    shapes = {key: shape for key, shape in reference_unet(SMALL).items() if key.startswith("conv_in")}
    first = seeded(shapes, "one")
    assert torch.equal(first["conv_in.weight"], seeded(shapes, "one")["conv_in.weight"])
    assert not torch.equal(first["conv_in.weight"], seeded(shapes, "two")["conv_in.weight"])
    assert not torch.equal(first["conv_in.weight"], seeded(shapes, "one", seed=1)["conv_in.weight"])


def test_guiders_speak() -> None:
    for shapes in (moore_guider(32), paper_guider()):
        state = seeded_guider(shapes, "pose", gain=0.25)
        assert {key: tuple(value.shape) for key, value in state.items()} == shapes
        spread = state["conv_out.weight"].std() * math.sqrt(math.prod(shapes["conv_out.weight"][1:]))
        assert float(spread) == pytest.approx(0.25, rel=0.1)
        assert not seeded_guider(shapes, "pose", gain=0.0)["conv_out.weight"].any()


def test_batch_norms_have_counters() -> None:
    state = seeded_guider(aniportrait_guider(SMALL, inner=64), "pose")
    assert len(state) == 184
    assert state["scale"].tolist() == [2.0]
    for key, value in state.items():
        counts = key.endswith("num_batches_tracked")
        assert value.dtype == (torch.int64 if counts else torch.float32)
        assert value.ndim > 0 or counts
        assert not key.endswith("running_var") or value.min() > 0.5
