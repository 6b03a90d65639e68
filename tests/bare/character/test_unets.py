"""The two UNets: what each slot takes, and what it says to everything else."""

import re
from collections.abc import Callable

import pytest
from kinema.motion.character import DENOISING, REFERENCE, CharacterError, check_unet, recognise_unet
from kinema.motion.formats import Shapes, unet_name

from tests.harness.seeded.layouts import MINI, SD15, SMALL, image_unet, motion_shapes, under
from tests.harness.seeded.layouts_character import CHARACTERS, denoising_unet, ldm_name, reference_unet
from tests.harness.seeded.layouts_guiders import GUIDERS, moore_guider
from tests.harness.seeded.weights_sparse import sparse_shapes

D, R = DENOISING, REFERENCE
LAST = "up_blocks.3.attentions.2."
CONV = "down_blocks.1.resnets.0.conv1"
DENOISER, NET = denoising_unet(SMALL), reference_unet(SMALL)
LAYOUT = {D: denoising_unet, R: reference_unet}
USED = {D: 686, R: 662}
LDM = {ldm_name(key): shape for key, shape in DENOISER.items()}
XL = {
    key: (*shape[:-1], 2048) if re.search(r"attn2\.to_[kv]", key) else shape
    for key, shape in image_unet(SD15[:3]).items()
}


def without(pattern: str, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    return {key: shape for key, shape in shapes.items() if not re.search(pattern, key)}


@pytest.mark.parametrize("part", [D, R])
@pytest.mark.parametrize("channels", [SD15, MINI, SMALL])
def test_taken(part: str, channels: tuple[int, ...]) -> None:
    shapes = LAYOUT[part](channels)
    found = recognise_unet(shapes, "unet.pth", part)
    # levels of one width need no conv_shortcut on the way down
    assert len(found.names) == len(set(found.names.values())) == USED[part] - 4 * (channels == MINI)
    assert (found.widths, found.context) == (channels, 768)
    assert all(unet_name(key) == name for key, name in found.names.items())
    assert found.shapes(shapes) == {name: shapes[key] for key, name in found.names.items()}


@pytest.mark.parametrize("part", [D, R])
@pytest.mark.parametrize("prefix", ["module.", "unet.", "module.unet.", "model.", "denoising_unet.", "reference_unet."])
def test_taken_whatever_trainers_left_before_every_key(part: str, prefix: str) -> None:
    shapes = LAYOUT[part](SMALL)
    plain = recognise_unet(shapes, "unet.pth", part).names
    notes = {"global_step": (), "optimizer.state.0.exp_avg": (7,), "ema_state_dict.conv_in.weight": (1,)}
    found = recognise_unet(under(prefix, shapes) | notes, "unet.pth", part)
    assert found.names == {prefix + key: name for key, name in plain.items()}


def test_what_nothing_reads_is_left_out_and_may_be_absent() -> None:
    used = recognise_unet(NET, "unet.pth", R)
    dead = sorted(NET.keys() - used.names.keys())
    assert len(dead) == 20
    assert all(key.startswith(LAST) for key in dead)
    kept = {key for key in used.names if key.startswith(LAST)}
    assert {key.removeprefix(LAST).rpartition(".")[0] for key in kept} == {
        "norm",
        "proj_in",
        "transformer_blocks.0.norm1",
    }
    for key in dead:
        rest = {other: shape for other, shape in NET.items() if other not in dead or other == key}
        assert recognise_unet(rest, "unet.pth", R).names == used.names
    assert recognise_unet(NET | {dead[0]: (1, 2, 3)}, "unet.pth", R).names == used.names


def elsewhere(inputs: str) -> str:
    return rf"Choose it as {inputs} in Load Animate Anyone; "


REFUSED: dict[str, tuple[Shapes, str, str]] = {
    "denoiser": (DENOISER, R, r"is an image UNet in the diffusers .* Moore's face model looks so too; that model can"),
    "reference": (NET, D, rf"is the reference UNet of Animate Anyone, .*{elsewhere('reference_unet')}"),
    "face": (CHARACTERS["face_denoiser"], D, r"is the denoising UNet of Moore's face model, .* split the motion_mod"),
    "face'": (under("module.", CHARACTERS["face_denoiser"]), D, r"is the denoising UNet of Moore's face model, "),
    "face in the other": (CHARACTERS["face_denoiser"], R, r"is the denoising UNet of Moore's face model, "),
    "echomimic": (CHARACTERS["echomimic_denoiser"], D, r"is the denoising UNet of EchoMimic, .* it reads sound, 384"),
    "echomimic'": (under("unet.", CHARACTERS["echomimic_denoiser"]), D, r"is the denoising UNet of EchoMimic, "),
    "echomimic net": (CHARACTERS["echomimic_reference"], R, r"is the reference UNet of EchoMimic, .* by sound"),
    "v-express": (CHARACTERS["v_express_denoiser"], D, r"is the denoising UNet of V-Express, .*\(attn1_5\)"),
    "v-express full": (CHARACTERS["v_express_full"], D, r"is the denoising UNet of V-Express, .*\(attn1_5\)"),
    "v-express net": (CHARACTERS["v_express_reference"], R, r"is the reference net of V-Express, "),
    "v-express sound": (CHARACTERS["v_express_audio"], R, r"is the audio projection of V-Express, "),
    "magicanimate": (
        CHARACTERS["appearance_encoder"],
        R,
        r"is the appearance encoder of MagicAnimate, .* DensePose .* cut behind its last norm looks so too",
    ),
    "hallo": (CHARACTERS["hallo_net"], D, r"is the Hallo model, .* sound"),
    "training": (
        under("reference_unet.", NET) | under("denoising_unet.", DENOISER) | under("pose_guider.", moore_guider(32)),
        D,
        r"is a training checkpoint of Animate Anyone with several .* each network in a file of its own, without",
    ),
    "guider": (GUIDERS["moore"], R, rf"is a pose guider of Animate Anyone, .*{elsewhere('pose_guider')}"),
    "champ": (GUIDERS["champ"], R, r"is a guidance encoder of Champ, .*Choose it as depth_guider, normal_guider, "),
    "motion": (motion_shapes(SMALL), D, r"is a motion module \(AnimateDiff v2\), .* Choose it as motion_module"),
    "train": (motion_shapes(SMALL, mid=False) | DENOISER, D, r"is a motion module \(AnimateDiff v3\), "),
    "ldm": (
        LDM,
        D,
        r"is an image UNet, .* Load Diffusion Model. If it is a denoising UNet that was converted, load it",
    ),
    "ldm'": (under("model.diffusion_model.", LDM), D, r"is an image UNet, .* connect its model to Animate Character"),
    "ldm''": (under("diffusion_model.", LDM), D, r"is an image UNet, .* connect its model to Animate Character"),
    "ldm net": (LDM, R, r"is an image UNet, but the reference UNet of Animate Anyone belongs here"),
    "checkpoint": (
        under("model.diffusion_model.", LDM) | {"first_stage_model.decoder.conv_in.weight": (4, 4, 3, 3)},
        D,
        r"is a whole Stable Diffusion checkpoint, .* Load Checkpoint",
    ),
    "lora": ({"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 9)}, D, r"is a LoRA .* Load LoRA"),
    "sparse": (sparse_shapes("rgb", SMALL), D, r"is a SparseCtrl model, .* Load SparseCtrl"),
    "sdxl": (XL, D, r"is a UNet of 3 levels for embeddings of 2048 numbers; .* Stable Diffusion 1\.5, which has 4 and"),
    "sd2": (denoising_unet(SMALL, 1024), D, r"is a UNet of 4 levels for embeddings of 1024 numbers; "),
    "sd2 net": (
        without("^conv_(norm_)?out", denoising_unet(SMALL, 1024)),
        R,
        r"is a UNet of 4 levels for .* 1024 numbers; ",
    ),
    "unconditional": (without("attn2", DENOISER), D, r"is a UNet of 4 levels that reads no embedding; "),
    "inpainting": (
        DENOISER | {"conv_in.weight": (32, 9, 3, 3)},
        D,
        r"is a UNet whose first layer reads 9 channels, as ",
    ),
    "empty": ({}, D, r"is not a denoising UNet of Animate Anyone \(first keys: none\)"),
    "nothing": ({"a.b": (1,), "c": ()}, R, r"is not a reference UNet of Animate Anyone \(first keys: a\.b, c\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    shapes, part, words = REFUSED[name]
    for ordered in (shapes, dict(reversed(shapes.items()))) if name != "nothing" else (shapes,):
        with pytest.raises(CharacterError, match=f"^somebody.pth {words}") as caught:
            recognise_unet(ordered, "somebody.pth", part)
        said = str(caught.value)
        assert said.endswith(f"Choose {part.replace(' UNet', '_unet')}.pth of a release here.")
        assert "motion module, for example" not in said
        assert len(said) < 520


def changed(**changes: tuple[int, ...] | None) -> Callable[[Shapes], Shapes]:
    named = {key.replace("__", "."): shape for key, shape in changes.items()}
    return lambda shapes: {key: shape for key, shape in {**shapes, **named}.items() if shape is not None}


DAMAGED: dict[str, tuple[Callable[[Shapes], Shapes], str]] = {
    "more": (changed(something=(1,)), "holds something, which none has"),
    "one without a name": (lambda shapes: {**shapes, "": (1,)}, "holds '', which none has"),
    "a long name": (lambda shapes: {**shapes, "x" * 500: (1,)}, f"holds '{'x' * 80}' …, which none has"),
    "a layer more": (
        changed(down_blocks__0__resnets__3__norm1__weight=(64,)),
        "holds down_blocks.0.resnets.3.norm1.weight, which none has",
    ),
    "a second middle": (changed(mid_block__attentions__1__norm__bias=(128,)), "holds mid_block.attentions.1.norm.bias"),
    "a level's width": (
        lambda shapes: {key: shape for key, shape in shapes.items() if key != f"{CONV}.bias"},
        "down_blocks.1.resnets.0.conv1.bias is nothing",
    ),
    "a scalar": (lambda shapes: {**shapes, f"{CONV}.bias": ()}, "conv1.bias is a single number"),
    "an empty one": (lambda shapes: {**shapes, f"{CONV}.bias": (0,)}, r"conv1.bias is \(0,\)"),
    "an odd width": (lambda shapes: {**shapes, f"{CONV}.bias": (70,)}, r"conv1.bias is \(70,\)"),
    "no multiple": (changed(down_blocks__0__resnets__0__conv1__bias=(96,)), r"1.resnets.0.conv1.bias is \(64,\)"),
    "a huge width": (lambda shapes: {**shapes, f"{CONV}.bias": (2**31,)}, r"conv1.bias is \(2147483648,\)"),
}


@pytest.mark.parametrize("part", [D, R])
@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(name: str, part: str) -> None:
    change, words = DAMAGED[name]
    with pytest.raises(CharacterError, match=rf"^unet\.pth is .*{words}.* (Download it again|of a release here)\.$"):
        recognise_unet(change(LAYOUT[part](SMALL)), "unet.pth", part)


@pytest.mark.parametrize("part", [D, R])
def test_a_single_damaged_attention_does_not_tell_the_base(part: str) -> None:
    key = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"
    shapes = LAYOUT[part](SMALL) | {key: (32, 7)}
    found = recognise_unet(shapes, "unet.pth", part)
    with pytest.raises(CharacterError, match=r"have unexpected shapes, such as input_blocks\.1\.1\..*attn2\.to_k"):
        check_unet(found, shapes, found.shapes(LAYOUT[part](SMALL)), "unet.pth", part)


@pytest.mark.parametrize("key", ["conv_in.weight", "mid_block.resnets.0.conv1.weight", f"{LAST}norm.bias"])
@pytest.mark.parametrize("part", [D, R])
def test_compared_with_the_network_that_is_built(part: str, key: str) -> None:
    shapes = LAYOUT[part](SMALL)
    wanted = recognise_unet(shapes, "unet.pth", part).shapes(shapes)
    for wrong, words in (
        ({other: shape for other, shape in shapes.items() if other != key}, "1 of its tensors are missing"),
        (shapes | {key: (7,) if key != "conv_in.weight" else (32, 4, 5, 5)}, "have unexpected shapes"),
        (shapes | {"down_blocks.0.resnets.0.conv_shortcut.bias": (32,)}, "have no place in it"),
    ):
        found = recognise_unet(wrong, "unet.pth", part)
        with pytest.raises(CharacterError, match=rf"^unet\.pth is a {part} of Animate Anyone, but .*{words}, such as"):
            check_unet(found, wrong, wanted, "unet.pth", part)
    check_unet(recognise_unet(shapes, "unet.pth", part), shapes, wanted, "unet.pth", part)
