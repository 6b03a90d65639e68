"""A UNet's tensors have two names, and each of one has exactly one of the other."""

from functools import partial

import pytest
from kinema.motion.formats import layer_problem, unet_name

from tests.harness.growth import in_proportion
from tests.harness.seeded.layouts import MINI, SD15
from tests.harness.seeded.layouts_character import CHARACTERS, denoising_unet, ldm_name, reference_unet

BLOCK = "transformer_blocks.0"
PICKED = {
    "conv_in.bias": "input_blocks.0.0.bias",
    "time_embedding.linear_2.weight": "time_embed.2.weight",
    "down_blocks.0.resnets.0.norm1.weight": "input_blocks.1.0.in_layers.0.weight",
    "down_blocks.1.resnets.0.conv_shortcut.bias": "input_blocks.4.0.skip_connection.bias",
    "down_blocks.2.attentions.1.proj_in.weight": "input_blocks.8.1.proj_in.weight",
    "down_blocks.2.downsamplers.0.conv.weight": "input_blocks.9.0.op.weight",
    "down_blocks.3.resnets.1.time_emb_proj.weight": "input_blocks.11.0.emb_layers.1.weight",
    "mid_block.resnets.1.norm2.weight": "middle_block.2.out_layers.0.weight",
    f"mid_block.attentions.0.{BLOCK}.ff.net.0.proj.bias": f"middle_block.1.{BLOCK}.ff.net.0.proj.bias",
    "up_blocks.0.upsamplers.0.conv.weight": "output_blocks.2.1.conv.weight",
    "up_blocks.2.upsamplers.0.conv.bias": "output_blocks.8.2.conv.bias",
    "up_blocks.3.resnets.2.conv2.weight": "output_blocks.11.0.out_layers.3.weight",
    f"up_blocks.3.attentions.2.{BLOCK}.attn2.to_out.0.bias": f"output_blocks.11.1.{BLOCK}.attn2.to_out.0.bias",
    "conv_norm_out.weight": "out.0.weight",
    "conv_out.bias": "out.2.bias",
}
NONSENSE = (
    "",
    ".",
    "conv_in",
    "conv_in.weight.x",
    "xconv_in.weight",
    "conv_in.running_mean",
    "conv_in.weight\n",
    "module.conv_in.weight",
    "input_blocks.0.0.weight",
    "down_blocks.٣.resnets.0.conv1.weight",
    "down_blocks.00.resnets.0.conv1.weight",
    "down_blocks.100.resnets.0.conv1.weight",
    "down_blocks.0.resnets.0.conv3.weight",
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1_5.to_q.weight",
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.bias",
    "down_blocks.0.motion_modules.0.temporal_transformer.norm.weight",
    "down_blocks.0.downsamplers.1.conv.weight",
    "mid_block.resnets.2.conv1.weight",
    "mid_block.attentions.1.norm.weight",
    "up_blocks.0.resnets.3.conv1.weight",
    "down_blocks.0.resnets.2.conv1.weight",
    "add_embedding.linear_1.weight",
)


@pytest.mark.parametrize("channels", [SD15, MINI])
def test_every_tensor_has_one_name_of_its_own(channels: tuple[int, ...]) -> None:
    # levels of one width have no conv_shortcut going down
    keys = denoising_unet(channels)
    names = {key: unet_name(key) for key in keys}
    assert len(set(names.values())) == len(keys) == (686 if channels == SD15 else 682)
    # the second table was written by hand from the original code
    assert names == {key: ldm_name(key) for key in keys}


@pytest.mark.parametrize("key", PICKED)
def test_picked_by_hand(key: str) -> None:
    assert unet_name(key) == PICKED[key]
    assert key in denoising_unet()


@pytest.mark.parametrize("key", NONSENSE)
def test_no_tensor_of_a_unet(key: str) -> None:
    assert unet_name(key) is None


def test_other_networks_have_names_for_their_images_layers_alone() -> None:
    for kind in ("echomimic_reference", "v_express_denoiser", "appearance_encoder"):
        unnamed = [key for key in CHARACTERS[kind] if unet_name(key) is None]
        assert all("1_5" in key for key in unnamed)
        assert bool(unnamed) == (kind == "v_express_denoiser")
    assert all(unet_name(key) for key in reference_unet())


def test_two_keys_never_have_one_name() -> None:
    """A layer more than a level has would be taken for one of the next level, and replace it."""
    places = [
        f"{way}.{part}.{leaf}"
        for way in (*(f"{side}_blocks.{level}" for side in ("down", "up") for level in range(13)), "mid_block")
        for n in range(13)
        for part, leaf in (
            (f"resnets.{n}", "conv1.weight"),
            (f"attentions.{n}", "norm.weight"),
            (f"downsamplers.{n}", "conv.weight"),
            (f"upsamplers.{n}", "conv.weight"),
        )
    ]
    names = [name for key in places if (name := unet_name(key)) is not None]
    assert len(set(names)) == len(names) == 13 * (2 + 2 + 1) + 13 * (3 + 3 + 1) + 2 + 1


@pytest.mark.parametrize(
    "piece", ["9", "down_blocks.0.", "resnets.0.", "transformer_blocks.0.", "attentions.1.norm.", "."]
)
def test_long_keys_cost_what_their_length_says(piece: str) -> None:
    for head in ("", "down_blocks.", "down_blocks.0.attentions.0.transformer_blocks."):
        assert unet_name(head + piece * 200_000) is None
        assert in_proportion(lambda length, head=head: partial(unet_name, head + piece * length), 200_000)


@pytest.mark.parametrize(
    ("has", "words"),
    [
        ({"a": (2, 3), "b": (4,)}, None),
        ({"a": (2, 3)}, "1 of its tensors are missing, such as b"),
        ({"a": (2, 3), "b": (4,), "c": ()}, "1 of its tensors have no place in it, such as c"),
        ({"a": (3, 2), "b": (0,)}, "2 of its tensors have unexpected shapes, such as a"),
        ({}, "2 of its tensors are missing, such as a"),
    ],
)
def test_problems(has: dict[str, tuple[int, ...]], words: str | None) -> None:
    assert layer_problem(has, {"a": (2, 3), "b": (4,)}) == words
