"""MotionLoRA files of every style are read alike, and act like merged weights."""

import re

import pytest
import torch
from kinema.motion.formats import Site, recognise
from kinema.motion.formats.weights import WeightFileError
from kinema.motion.temporal import LoraModel, Mixing, Term, fit, load_lora_model, load_motion_model, read_lora
from kinema.motion.temporal.lora_files import LoraError, Place, place_of
from kinema.motion.values import Mask, MotionValue

from tests.harness.seeded.layouts import SDXL, motion_module, respelled
from tests.harness.seeded.layouts_lora import STYLES, merged, motion_lora
from tests.papers import temporal as reference
from tests.papers.error import relative_error

CHANNELS = (64, 64, 128, 128)
BLOCK, PLACE = ("input", 4), "down_blocks.1.motion_modules.0"


def module(**options):
    state = {key: value.double() for key, value in motion_module(CHANNELS, **options).items()}
    recognised = recognise({key: tuple(value.shape) for key, value in state.items()}, "seeded")
    return state, load_motion_model(state, recognised, "mm", dtype=torch.float64)


def lora(channels=CHANNELS, rank: int = 8, **options) -> LoraModel:
    tensors = motion_lora(channels, rank=rank, **options)
    return load_lora_model(read_lora(tensors, "seeded"), dtype=torch.float64)


def terms(*entries):
    found: dict[str, list[Term]] = {}
    for model, strength in entries:
        for leaf, layer in model.at(BLOCK).items():
            found.setdefault(leaf, []).append(Term(layer, strength))
    return found


def clip(frames: int = 16) -> torch.Tensor:
    return torch.randn(2, 64, frames, 6, 10, generator=torch.Generator().manual_seed(3)).double()


def flat(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).flatten(0, 1)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("alpha", [None, 4.0])
def test_every_style_reads_the_same(style: str, alpha: float | None) -> None:
    feed_forward = style not in ("original", "diffusers")
    tensors = motion_lora(CHANNELS, rank=8, style=style, feed_forward=feed_forward, alpha=alpha)
    read = read_lora(tensors, "file")
    assert read.unexplained == ()
    assert len(read.changes) == 21 * (10 if feed_forward else 8)
    assert sum(change.tensors for change in read.changes.values()) == len(tensors)
    wanted = read_lora(motion_lora(CHANNELS, rank=8), "original").changes
    for target, change in wanted.items():
        assert torch.equal(read.changes[target].down, change.down)
        assert torch.equal(read.changes[target].up, change.up)
        assert read.changes[target].scale == (1.0 if alpha is None else 0.5)
    assert (Site("up", 3, 2), "attentions.1.to_out") in read.changes
    assert (Site("mid", 0, 0), "attentions.0.to_v") in read.changes


@pytest.mark.parametrize(
    ("key", "leaf", "part"),
    [
        ("base_model.model.down_blocks.0.motion_modules.1.transformer_blocks.0.attn2.to_out.0.lora_B.default.weight",
         "attentions.1.to_out", "up"),
        ("down_blocks.0.motion_modules.1.proj_in.lora_A.weight", "proj_in", "down"),
        ("unet.down_blocks.0.motion_modules.1.transformer_blocks.0.attn1.processor.to_q_lora.up.weight",
         "attentions.0.to_q", "up"),
        ("down_blocks.0.motion_modules.1.temporal_transformer.transformer_blocks.0.ff.net.0.proj.lora_down.weight",
         "ff_in", "down"),
        ("down_blocks.0.motion_modules.1.transformer_blocks.0.attn1.to_k.lora_linear_layer.down.weight",
         "attentions.0.to_k", "down"),
        ("down_blocks.0.temporal_attentions.1.transformer_blocks.0.attention_blocks.1.processor.to_v_lora.up.weight",
         "attentions.1.to_v", "up"),
        ("unet.down_blocks.0.temporal_attentions.1.proj_out.lora_A.weight", "proj_out", "down"),
        ("base_model.model.unet.down_blocks.0.motion_modules.1.proj_out.lora_B.my-adapter_2.weight", "proj_out", "up"),
        ("unet.down_blocks.0.motion_modules.1.transformer_blocks.0.attn1.to_v.lora.down.zoom.in.weight",
         "attentions.0.to_v", "down"),
        ("lora_unet_down_blocks_0_motion_modules_1_temporal_transformer_transformer_blocks_0_attention_blocks_1_to_out_0"
         ".lora_up.weight", "attentions.1.to_out", "up"),
        ("lora_unet_down_blocks_0_motion_modules_1_temporal_transformer_transformer_blocks_0_ff_net_0_proj"
         ".alpha", "ff_in", "alpha"),
        ("lora_unet_down_blocks.0.motion_modules.1.transformer_blocks.0.attn2.to_q_lora_down.weight",
         "attentions.1.to_q", "down"),
        ("lora_unet.down_blocks.0.motion_modules.1.temporal_transformer.proj_in.lora_down.weight", "proj_in", "down"),
    ],
)  # fmt: skip
def test_other_spellings(key: str, leaf: str, part: str) -> None:
    found = place_of(key)
    assert found is not None
    assert (found.target, found.part, found.network) == ((Site("down", 0, 1), leaf), part, "")


def test_keys_of_kohya_read_the_same() -> None:
    wanted = read_lora(motion_lora(CHANNELS, rank=8, feed_forward=True, style="peft", alpha=4.0), "file").changes
    dotted = motion_lora(CHANNELS, rank=8, feed_forward=True, style="peft", alpha=4.0)
    written = {}
    for key, tensor in dotted.items():
        layer = key.removesuffix(".alpha").removesuffix(".lora_A.weight").removesuffix(".lora_B.weight")
        part = {"A": "lora_down.weight", "B": "lora_up.weight"}.get(key.removesuffix(".weight")[-1], "alpha")
        convolution = tensor[..., None, None] if tensor.ndim == 2 else tensor
        written[f"lora_unet_{layer.removeprefix('unet.').replace('.', '_')}.{part}"] = convolution
    read = read_lora(written, "file")
    assert (read.unexplained, read.others) == ((), ())
    assert read.changes.keys() == wanted.keys()
    assert all(torch.equal(read.changes[target].up, change.up) for target, change in wanted.items())
    assert {change.scale for change in read.changes.values()} == {0.5}


@pytest.mark.parametrize("average_first", [True, False])
def test_one_of_several_adapters_is_taken_and_the_other_named(average_first: bool) -> None:
    weights = motion_lora(CHANNELS, rank=8)
    average = {f"ema.{key}": tensor + 1 for key, tensor in weights.items()}
    both = average | weights if average_first else weights | average
    read = read_lora(both, "file")
    assert read.others == tuple(average)
    assert all(
        torch.equal(change.down + 0, read_lora(weights, "f").changes[at].down) for at, change in read.changes.items()
    )
    _, motion = module()
    told = fit(load_lora_model(read, dtype=torch.float64), motion, "lora", "mm")
    assert told is not None
    assert f"{len(average)} are a second adapter for the same layers, such as ema.down_blocks" in told
    named = {
        key.replace("down.weight", "down.first.weight"): t for key, t in weights.items() if "_blocks.1.m" not in key
    }
    named = {key.replace("up.weight", "up.first.weight"): t for key, t in named.items()}
    whole = {
        key.replace("down.weight", "down.all.weight").replace("up.weight", "up.all.weight"): t
        for key, t in weights.items()
    }
    assert read_lora(named | whole, "file").others == tuple(named)


def test_no_rank_and_scales_of_many_numbers_are_damage() -> None:
    tensors = motion_lora(CHANNELS, rank=8, style="peft", alpha=4.0)
    alpha = next(key for key in tensors if key.endswith("alpha"))
    with pytest.raises(LoraError, match="should be one number and has 3"):
        read_lora(tensors | {alpha: torch.ones(3)}, "file")
    empty = {
        key: tensor[:0] if "_A" in key else tensor[:, :0] if "_B" in key else tensor for key, tensor in tensors.items()
    }
    with pytest.raises(LoraError, match="different ranks"):
        read_lora(empty, "file")


def test_long_numbers_in_keys_are_no_place() -> None:
    for number in ("100", "9" * 5000, "٣"):
        assert place_of(f"down_blocks.{number}.motion_modules.0.proj_in.lora_A.weight") is None
    assert place_of("mid_block.motion_modules.0.proj_in.alpha") == Place((Site("mid", 0, 0), "proj_in"), "alpha")


def test_hotshot_spelling_reads_the_same() -> None:
    tensors = motion_lora(SDXL, mid=False, rank=4)
    wanted, found = read_lora(tensors, "file"), read_lora(respelled(tensors, "HotshotXL"), "file")
    assert all(".temporal_attentions." in key for key in respelled(tensors, "HotshotXL"))
    assert found.unexplained == ()
    assert found.changes.keys() == wanted.changes.keys()
    assert all(torch.equal(found.changes[target].up, change.up) for target, change in wanted.changes.items())


def test_keys_of_spatial_layers_are_no_target() -> None:
    assert place_of("up_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight") is None
    assert place_of("up_blocks.1.motion_modules.0.temporal_transformer.proj_in.weight") is None


@pytest.mark.parametrize(
    ("style", "feed_forward", "alpha"),
    [("original", False, None), ("diffusers", False, 4.0), ("peft", True, 2.0), ("motiondirector", True, None)],
)
@pytest.mark.parametrize("strength", [0.8, -1.5])
def test_equals_merged_weights(style: str, feed_forward: bool, alpha: float | None, strength: float) -> None:
    state, model = module()
    options = {"rank": 8, "feed_forward": feed_forward, "alpha": alpha}
    layer, x = model.at(BLOCK), clip()
    found = layer(flat(x), Mixing(16, terms=terms((lora(style=style, **options), strength))))
    changed = merged(state, strength, CHANNELS, **options)
    assert relative_error(found, flat(reference.temporal_transformer(x, changed, PLACE))) < 1e-12
    assert relative_error(layer(flat(x), Mixing(16)), found) > 1e-3


def test_two_add_up() -> None:
    state, model = module()
    first, second = lora(seed=1), lora(seed=2, rank=4)
    changed = merged(merged(state, 0.5, CHANNELS, rank=8, seed=1), -0.7, CHANNELS, rank=4, seed=2)
    found = model.at(BLOCK)(flat(clip()), Mixing(16, terms=terms((first, 0.5), (second, -0.7))))
    assert relative_error(found, flat(reference.temporal_transformer(clip(), changed, PLACE))) < 1e-12


def test_varying_strength_of_equal_values_is_the_number() -> None:
    _, model = module()
    adapter, layer, x = lora(), model.at(BLOCK), flat(clip())
    wanted = layer(x, Mixing(16, terms=terms((adapter, 0.5))))
    for strength in (torch.full((16, 1), 0.5), torch.full((16, 60), 0.5)):
        assert relative_error(layer(x, Mixing(16, terms=terms((adapter, strength)))), wanted) < 1e-12


def test_a_mask_acts_where_it_is_and_nowhere_else() -> None:
    """Temporal layers see one pixel at a time, so masked-out pixels are those of the plain module."""
    _, model = module()
    adapter, layer, x = lora(), model.at(BLOCK), flat(clip())
    mask = torch.zeros(1, 6, 10)
    mask[:, :, :5] = 1
    strength = MotionValue(0.8, masks=(Mask(mask),)).over(range(16), (6, 10))
    found, plain = layer(x, Mixing(16, terms=terms((adapter, strength)))), layer(x, Mixing(16))
    full = layer(x, Mixing(16, terms=terms((adapter, 0.8))))
    assert relative_error(found[..., 5:], plain[..., 5:]) < 1e-12
    assert relative_error(found[..., :5], full[..., :5]) < 1e-7, "0.8 in float32"
    assert relative_error(found[..., :5], plain[..., :5]) > 1e-3


def test_strength_per_frame_changes_the_value_of_that_frame() -> None:
    """A LoRA beside to_out alone changes exactly the frames whose strength is not zero, before the next layer."""
    _, model = module()
    attention = model.at(BLOCK).attentions[0]
    tokens = torch.randn(1, 8, 5, 64, dtype=torch.float64)
    strength = torch.zeros(8, 1)
    strength[3] = 1
    beside = {"attentions.0.to_out": [Term(lora().at(BLOCK)["attentions.0.to_out"], strength)]}
    places = attention.positions(8, tokens)
    change = attention(tokens, places, 1.0, beside, "attentions.0") - attention(tokens, places)
    assert change[:, 3].abs().min() > 0
    change[:, 3] = 0
    assert not change.any()


def test_mid_block_on_a_module_without_one_is_told_in_numbers() -> None:
    _, model = module(mid=False)
    told = fit(lora(), model, "zoom", "v3")
    assert told == (
        "zoom: 320 of 336 tensors apply to v3; the rest are for a mid block, which this motion module does not have."
    )
    assert fit(lora(mid=False), model, "zoom", "v3") is None
    assert "480 of 504" in str(fit(lora(alpha=1.0), model, "zoom", "v3"))


def test_keys_of_other_layers_are_told() -> None:
    tensors = motion_lora(CHANNELS, rank=4) | {"down_blocks.0.attentions.0.proj_in_lora.down.weight": torch.ones(4, 64)}
    model = load_lora_model(read_lora(tensors, "file"))
    told = fit(model, module()[1], "file", "mm")
    assert told is not None
    assert "336 of 337" in told
    assert "1 belong to no temporal layer, such as down_blocks.0.attentions.0" in told


def test_other_widths_are_refused() -> None:
    with pytest.raises(LoraError, match=r"zoom does not fit mm: its .* goes from 320 to 320 channels.*one for SD1.5"):
        fit(lora(SDXL, mid=False), module()[1], "zoom", "mm")


def test_nothing_applies() -> None:
    tensors = {key: value for key, value in motion_lora(CHANNELS, rank=4).items() if key.startswith("mid_block")}
    model = load_lora_model(read_lora(tensors, "zoom"))
    with pytest.raises(LoraError, match="zoom does nothing on mm: none of its 16 tensors"):
        fit(model, module(mid=False)[1], "zoom", "mm")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_damaged_values(value: float) -> None:
    tensors = motion_lora(CHANNELS, rank=4)
    key = next(iter(tensors))
    with pytest.raises(WeightFileError, match=f"damaged: {re.escape(key)} holds NaN or infinite"):
        read_lora(tensors | {key: torch.full_like(tensors[key], value)}, "zoom")


def test_ranks_that_differ_and_lone_tensors() -> None:
    tensors = motion_lora(CHANNELS, rank=4)
    down, up = list(tensors)[:2]
    with pytest.raises(LoraError, match=r"\[5, 64\].*\[64, 4\] have different ranks"):
        read_lora(tensors | {down: torch.ones(5, 64)}, "zoom")
    with pytest.raises(LoraError, match=f"incomplete: {re.escape(down)} has no up tensor"):
        read_lora({key: value for key, value in tensors.items() if key != up}, "zoom")


WRONG = {
    "a motion module (AnimateDiff v2), not a MotionLoRA": motion_module((32, 32, 32, 32)),
    "a LoRA for an image model, not a MotionLoRA": {
        "lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": torch.ones(4, 4)
    },
    "a domain adapter (a LoRA for the image model), not a MotionLoRA": {
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight": torch.ones(4, 4)
    },
    "a whole Stable Diffusion checkpoint, not a MotionLoRA": {
        "model.diffusion_model.input_blocks.0.0.weight": torch.ones(4, 4),
        "first_stage_model.decoder.conv_in.weight": torch.ones(4, 4, 3, 3),
    },
    "not a MotionLoRA of any known layout (first keys: hello)": {"hello": torch.ones(1)},
}


@pytest.mark.parametrize("words", WRONG)
def test_other_files_are_named(words: str) -> None:
    with pytest.raises(LoraError) as caught:
        read_lora(WRONG[words], "file.safetensors")
    assert words in str(caught.value)
    assert ("models/" in str(caught.value)) == ("any known layout" not in words)
    assert "Choose a motion module" not in str(caught.value)
