"""Guiders: what their files are told by, and what they give."""

import re
from collections.abc import Callable, Mapping

import pytest
import torch
from kinema.motion.character import (
    AT_LATENT,
    GUIDER_KINDS,
    CharacterError,
    Entry,
    Guider,
    fresh_guider,
    load_guider,
    read_guider,
    recognise_guider,
)
from kinema.motion.character.guider_layouts import GUIDER_LAYOUTS
from kinema.motion.formats.weights import WeightFileError
from torch import Tensor

from tests.harness.seeded.layouts import SMALL, Shape, motion_module
from tests.harness.seeded.layouts_character import reference_unet
from tests.harness.seeded.layouts_guiders import (
    GUIDERS,
    PAPER,
    aniportrait_guider,
    champ_guider,
    echomimic_locator,
    moore_guider,
    paper_guider,
    seeded_guider,
)
from tests.papers.error import relative_error

State = dict[str, Tensor]
INNER = 64
REDUCED: Mapping[str, dict[str, Shape]] = {
    "moore": moore_guider(32),
    "champ": champ_guider(32),
    "aniportrait": aniportrait_guider(SMALL, INNER),
    "paper": paper_guider(),
}
USED = {"moore": 16, "champ": 35, "aniportrait": 139, "paper": 10}


@pytest.fixture(scope="module", params=REDUCED)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def state(kind: str) -> State:
    return seeded_guider(REDUCED[kind], kind)


@pytest.fixture(scope="module")
def guider(state: State) -> Guider:
    return load(state)


def load(state: State) -> Guider:
    return load_guider(*read_guider(state, "file.pth"))


def pictures(frames: int, height: int = 64, width: int = 48) -> Tensor:
    return torch.rand(frames, 3, height, width, generator=torch.Generator().manual_seed(frames))


def test_maps_have_the_sizes_of_the_unet(kind: str, guider: Guider) -> None:
    maps = guider(pictures(2))
    assert len(maps) == len(guider.entries) == len(guider.widths)
    sizes = {"aniportrait": [(8, 6), (4, 3), (2, 2), (1, 1), (1, 1)]}.get(kind, [(8, 6)])
    assert [tuple(each.shape) for each in maps] == [
        (2, width, *size) for width, size in zip(guider.widths, sizes, strict=True)
    ]
    assert relative_error(maps[0][0], maps[0][1]) > 0.01


def test_entries(kind: str, guider: Guider) -> None:
    first = Entry(("input", 0), True)
    down = [Entry(("input", number), False) for number in (3, 6, 9, 11)]
    wanted = {"aniportrait": (first, *down), "paper": (AT_LATENT,)}.get(kind, (first,))
    assert guider.entries == wanted
    assert guider.per_window == (kind == "aniportrait")
    assert guider.widths == {"aniportrait": (32, *SMALL), "paper": (4,)}.get(kind, (32,))


def test_many_frames_in_passes_are_the_whole(kind: str, guider: Guider, monkeypatch: pytest.MonkeyPatch) -> None:
    frames, passes = pictures(7), []
    whole = guider(frames)
    monkeypatch.setattr(type(guider), "pixels", 3 * 64 * 48)
    found = guider.features(frames, lambda: passes.append(None))
    assert len(passes) == (1 if kind == "aniportrait" else 3)
    for one, other in zip(found, whole, strict=True):
        assert relative_error(one, other) < 1e-6


def test_a_pass_holds_one_frame_at_least(guider: Guider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(guider), "pixels", 1)
    assert guider.features(pictures(2))[0].shape[0] == 2


def test_features_work_in_another_type(guider: Guider) -> None:
    found = guider.double().features(pictures(2), dtype=torch.float64)
    assert {each.dtype for each in found} == {torch.float64}
    for one, other in zip(found, guider.float()(pictures(2)), strict=True):
        assert relative_error(one, other) < 1e-4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_files(state: State, dtype: torch.dtype) -> None:
    halved = {key: value.to(dtype) if value.is_floating_point() else value for key, value in state.items()}
    recognised, found = read_guider(halved, "file.pth")
    assert {value.dtype for value in found.values()} == {dtype}
    guider = load_guider(recognised, found, dtype=torch.float32)
    assert guider.get_dtype() == torch.float32
    assert all(each.isfinite().all() for each in guider(pictures(2)))
    low = load_guider(recognised, found, dtype=torch.bfloat16)
    assert {each.dtype for each in low(pictures(2).bfloat16())} == {torch.bfloat16}


def test_weights_are_not_copied(state: State) -> None:
    guider = load(state)
    held = {value.data_ptr() for value in guider.state_dict().values()}
    assert held <= {value.data_ptr() for value in state.values()}
    assert not any(parameter.requires_grad for parameter in guider.parameters())


def test_a_window_shares_its_statistics() -> None:
    guider = load(seeded_guider(REDUCED["aniportrait"], "aniportrait"))
    frames = pictures(6)
    whole, part = guider(frames), guider(frames[:3])
    assert relative_error(part[0], whole[0][:3]) > 1e-3
    twice = guider(frames.repeat(2, 1, 1, 1))
    for one, other in zip(twice, whole, strict=True):
        assert relative_error(one[:6], other) < 1e-5


def test_stored_statistics_change_nothing() -> None:
    state = seeded_guider(REDUCED["aniportrait"], "aniportrait")
    without = {key: value for key, value in state.items() if "running" not in key and "tracked" not in key}
    damaged = {key: torch.full_like(value, float("nan")) if "running" in key else value for key, value in state.items()}
    wanted = load(state)(pictures(3))
    for other in (without, damaged):
        assert all(torch.equal(one, two) for one, two in zip(load(other)(pictures(3)), wanted, strict=True))


def test_one_frame_of_one_place() -> None:
    """Its deepest level has one value for each channel: the deviation is 0, and nothing divides by it."""
    guider = load(seeded_guider(REDUCED["aniportrait"], "aniportrait"))
    assert all(each.isfinite().all() for each in guider(pictures(1, 64, 64)))


def test_unused_transformers_may_be_absent_and_change_nothing() -> None:
    state = seeded_guider(REDUCED["champ"], "champ")
    lean = {key: value for key, value in state.items() if not re.match(r"attentions\.[0-4]|guidance", key)}
    assert len(lean) == 35
    assert torch.equal(load(lean)(pictures(2))[0], load(state)(pictures(2))[0])
    key = "attentions.5.proj_out.weight"
    changed = load(state | {key: 2 * state[key]})
    assert relative_error(changed(pictures(2))[0], load(state)(pictures(2))[0]) > 1e-3


def test_a_fresh_guider_changes_nothing() -> None:
    guider = fresh_guider(7)
    latent = torch.randn(2, 4, 8, 6)
    found = guider(pictures(2))
    assert torch.equal(latent + found[0], latent)
    assert set(guider.state_dict()) == set(paper_guider())
    assert torch.equal(guider.blocks[0].weight, fresh_guider(7).blocks[0].weight)
    assert not torch.equal(guider.blocks[0].weight, fresh_guider(8).blocks[0].weight)
    found[0].sum().backward()
    assert guider.conv_out.weight.grad is not None
    assert guider.conv_out.weight.grad.abs().sum() > 0


def test_fresh_weights_keep_the_size_of_what_passes() -> None:
    for block in fresh_guider(0).blocks:
        weight = block.weight.detach()
        assert float(weight.std()) == pytest.approx((2 / weight[0].numel()) ** 0.5, rel=0.05)
        assert not block.bias.any()


def test_recognised(kind: str, state: State) -> None:
    recognised, found = read_guider(state, "file.pth")
    assert recognised.kind.id == kind
    assert len(recognised.keys) == len(found) == USED[kind]


@pytest.mark.parametrize("name", GUIDERS)
def test_every_layout_is_of_one_kind_or_refused(name: str) -> None:
    lines = "\n".join(f"{key} {list(shape)}" for key, shape in GUIDERS[name].items())
    layouts = [layout.guider.kind.id for layout in GUIDER_LAYOUTS if layout.applies(lines)]
    assert layouts == [{"moore_paper_widths": "moore", "echomimic_locator": "moore"}.get(name, name)]
    if name == "echomimic_locator":
        with pytest.raises(CharacterError, match="EchoMimic"):
            recognise_guider(GUIDERS[name], "file.pth")
    else:
        assert recognise_guider(GUIDERS[name], "file.pth").structure.maps[0] == (4 if name == "paper" else 320)


def test_kinds_have_ids_of_their_own() -> None:
    assert [kind.id for kind in GUIDER_KINDS] == ["moore", "champ", "aniportrait", "paper"]


@pytest.mark.parametrize("prefix", ["module.", "pose_guider.", "module.pose_guider.", "guidance_encoder_semantic_map."])
def test_prefixes(kind: str, state: State, prefix: str) -> None:
    notes = {"epoch": torch.tensor(3), "optimizer.exp_avg.conv_in.weight": torch.ones(1)}
    recognised, found = read_guider({prefix + key: value for key, value in state.items()} | notes, "file.pth")
    assert recognised.kind.id == kind
    assert all(torch.equal(found[key], value) for key, value in read_guider(state, "file.pth")[1].items())


def changed(state: State, **changes: Tensor | None) -> State:
    """A state with other tensors, or without those that are None; a key's dots are written as __."""
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return {key: value for key, value in (state | named).items() if value is not None}


CHANGES: Mapping[str, tuple[str, Callable[[State], State], str]] = {
    "moore lacks": ("moore", lambda s: changed(s, blocks__2__weight=None), "1 of .*blocks.2.weight: nothing where"),
    "moore lacks a width": ("moore", lambda s: changed(s, blocks__3__bias=None), "but its blocks.3.bias is missing"),
    "moore wrong": (
        "moore",
        lambda s: changed(s, blocks__3__weight=torch.ones(96, 32, 4, 4)),
        r"1 of .*blocks.3.weight: \(96, 32, 4, 4\) where \(96, 32, 3, 3\) belongs",
    ),
    "moore more": ("moore", lambda s: changed(s, blocks__6__weight=torch.ones(1)), "holds blocks.6.weight, which none"),
    "moore scalar": ("moore", lambda s: changed(s, conv_out__bias=torch.tensor(1.0)), "its conv_out.bias is empty"),
    "moore of four channels": (
        "moore",
        lambda s: changed(s, conv_in__weight=torch.ones(16, 4, 3, 3)),
        r"conv_in.weight: \(16, 4, 3, 3\) where \(16, 3, 3, 3\)",
    ),
    "champ lacks": ("champ", lambda s: changed(s, attentions__5__norm__bias=None), "attentions.5.norm.bias: nothing"),
    "champ more": (
        "champ",
        lambda s: changed(s, attentions__6__norm__bias=torch.ones(256)),
        "holds attentions.6.norm.bias, which none has",
    ),
    "champ strange": (
        "champ",
        lambda s: changed(s, attentions__1__norm__bias=torch.ones(16)),
        r"attentions.1.norm.bias: \(16,\) where \(32,\) belongs",
    ),
    "champ strange attention": (
        "champ",
        lambda s: changed(s, attentions__1__transformer_blocks__0__attn2__to_q__weight=torch.ones(32, 32)),
        "holds attentions.1.transformer_blocks.0.attn2.to_q.weight, which none has",
    ),
    "aniportrait lacks": ("aniportrait", lambda s: changed(s, scale=None), "scale: nothing where"),
    "aniportrait wrong": (
        "aniportrait",
        lambda s: changed(s, conv_layers_2__4__weight=torch.ones(7)),
        r"conv_layers_2.4.weight: \(7,\) where \(64,\)",
    ),
    "aniportrait more": (
        "aniportrait",
        lambda s: changed(s, conv_layers_4__4__running_mean=torch.ones(7)),
        "holds conv_layers_4.4.running_mean, which none has",
    ),
    "aniportrait counts strangely": (
        "aniportrait",
        lambda s: changed(s, conv_layers__1__num_batches_tracked=torch.ones(7)),
        r"num_batches_tracked: \(7,\) where a single number belongs",
    ),
    "aniportrait of odd heads": (
        "aniportrait",
        lambda s: changed(s, cross_attn1__proj_in__bias=torch.ones(70)),
        "its transformers have widths that none can have .16 heads cannot share 70 channels",
    ),
    "paper lacks": ("paper", lambda s: changed(s, conv_out__weight=None), "conv_out.weight: nothing"),
    "paper for another latent": (
        "paper",
        lambda s: changed(s, conv_out__weight=torch.ones(8, 128, 1, 1), conv_out__bias=torch.ones(8)),
        r"2 of .*conv_out.bias: \(8,\) where \(4,\) belongs",
    ),
    "paper wrong": ("paper", lambda s: changed(s, blocks__2__weight=torch.ones(64, 32, 3, 3)), "blocks.2.weight: "),
}


@pytest.mark.parametrize("name", CHANGES)
def test_wrong_tensors(name: str) -> None:
    kind, change, words = CHANGES[name]
    with pytest.raises(CharacterError, match=rf"^file\.pth .*{words}"):
        read_guider(change(seeded_guider(REDUCED[kind], kind)), "file.pth")


def test_every_tensor_is_held_to(kind: str) -> None:
    shapes = REDUCED[kind]
    for key in recognise_guider(shapes, "file.pth").keys:
        rest = {other: shape for other, shape in shapes.items() if other != key}
        for wrong in (rest, shapes | {key: (*shapes[key], 7)}):
            with pytest.raises(CharacterError, match=rf"\b{re.escape(key)}\b"):
                recognise_guider(wrong, "file.pth")


def test_damaged_values(state: State) -> None:
    key = read_guider(state, "file.pth")[0].keys
    last = list(key)[-1]
    with pytest.raises(WeightFileError, match=rf"is damaged: {re.escape(last)} holds NaN"):
        read_guider(state | {last: torch.full_like(state[last], float("nan"))}, "file.pth")


OTHER_FILES: Mapping[str, tuple[Mapping[str, Shape], str]] = {
    "echomimic": (echomimic_locator(), "is the face locator of EchoMimic, .* mask of the face, .* by sound"),
    "hallo": (
        {f"face_locator.{key}": shape for key, shape in moore_guider(inner=PAPER).items()},
        "is the face locator of Hallo, .* masks of the face and sound",
    ),
    "module": (
        {key: tuple(value.shape) for key, value in motion_module(SMALL).items()},
        "is a motion module .*AnimateDiff v2.* Choose it as motion_module",
    ),
    "unet": (reference_unet(SMALL), "is the reference UNet of Animate Anyone"),
    "nothing": ({"hello": (1,)}, r"is not a pose guider \(first keys: hello\)"),
    "empty": ({}, r"is not a pose guider \(first keys: none\)"),
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_other_files(name: str) -> None:
    shapes, words = OTHER_FILES[name]
    with pytest.raises(CharacterError, match=rf"^file\.pth {words}.*Choose pose_guider\.pth, or a guidance .*\.$"):
        recognise_guider(shapes, "file.pth")
