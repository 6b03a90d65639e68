"""Context Reference and Naive Reuse, against windows sampled one by one, with the reference put in by hand."""

import gc
import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import comfy.model_management
import pytest
import torch
from kinema.motion.values import Acts, Keyframe
from kinema.motion.windows import ReferenceOptions, WindowOptions, WindowReferenceError
from kinema.nodes.host.options import CONTEXT_REFERENCES, REFERENCE_PART
from kinema.nodes.host.windows import attach as reference
from kinema.nodes.host.windows import bank
from kinema.nodes.host.windows import sliding as windows
from kinema.nodes.inputs import as_value
from torch import Tensor

from tests.papers.error import relative_error

from ..animate.test_values import keyed
from ..consistent import CFG, FRAMES, PLANNED, ByHand, by_hand, referred, reusing, slid
from ..models import Patcher, animated, conds, sample, tiny_model, tiny_motion, tiny_sdxl
from . import test_sliding
from .test_sliding import Hinted, numbered

# statistics of a feature map need some places, also where it is smallest
first_prediction = partial(test_sliding.first_prediction, size=8)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


@pytest.mark.parametrize(
    ("strength", "fidelity", "by"),
    [
        (1.0, 0.0, "attention"),
        (0.5, 0.5, "attention"),
        (1.0, 1.0, "attention"),
        ([0.15 * n for n in range(FRAMES)], 0.5, "attention"),
        (1.0, 0.0, "adain"),
        (0.5, 0.5, "adain"),
        (0.7, 0.3, "attention+adain"),
    ],
)
def test_the_second_window_sees_the_first(model, tmp_path: Path, strength: Any, fidelity: float, by: str) -> None:
    # the hooks reach the layers of the UNet, and a motion module adds its own after them
    patched = animated(model, tiny_motion(tmp_path), "use existing") if by == "attention" else model
    options = {"style_fidelity": fidelity, "by": by}
    found = first_prediction(referred(slid(patched), strength, **options), frames=FRAMES, cfg=CFG)
    assert relative_error(found, by_hand(patched, strength, fidelity, by)) < 1e-5
    assert relative_error(found, first_prediction(slid(patched), frames=FRAMES, cfg=CFG)) > 1e-4


def parts(patcher: Patcher) -> list[bank.Part | None]:
    """What every call of the UNet has to do with the bank, in order."""
    seen: list[Any] = []

    def note(q: Any, k: Any, v: Any, options: dict[str, Any]) -> Any:
        if options["block"] == ("input", 1):
            seen.append(options[REFERENCE_PART])
        return q, k, v

    patcher.set_model_attn2_patch(note)
    return seen


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, "-w r- r- r-"),
        ({"mode": "sliding"}, "-w rw rw r-"),
        ({"mode": "sliding", "width": 3}, "-w r- rw r-"),
        # frame 6 is in the windows from 3 and from 6, of which the first counts
        ({"mode": "indexes", "frames": (6,)}, "-w rw r- r-"),
    ],
)
def test_windows_leave_and_see_what_their_mode_says(model, options: dict[str, Any], wanted: str) -> None:
    patched = referred(slid(model), **options)
    seen = parts(patched)
    assert bool(sample(patched, frames=13, steps=1).isfinite().all())
    assert " ".join("-r"[part.reads] + "-w"[part.writes] for part in seen if part) == wanted


@pytest.mark.parametrize("by", ["attention", "adain"])
@pytest.mark.parametrize(("mode", "calls"), [("first", 2), ("sliding", 3)])
def test_several_windows_in_a_call_change_nothing(model, by: str, mode: str, calls: int) -> None:
    ramp = [0.08 * n for n in range(13)]
    options = {"mode": mode, "width": 3, "by": by, "style_fidelity": 0.5}
    alone = referred(slid(model, at_once=1), ramp, **options)
    together = referred(slid(model, at_once=4), ramp, **options)
    seen = parts(together)
    found = sample(together, frames=13, steps=1)
    assert len(seen) == calls
    assert relative_error(found, sample(alone, frames=13, steps=1)) < 1e-5


def test_windows_may_differ_in_length(model) -> None:
    """Windows of 4 and of 3 frames, of which the second sees the first three of the first."""
    stage = windows.Stage(WindowOptions("batched", 4, 0))
    found = first_prediction(referred(windows.slide(model, stage)), frames=7)
    whole = first_prediction(windows.slide(model, stage), frames=7)
    assert torch.equal(found[:4], whole[:4])
    assert relative_error(found[4:], whole[4:]) > 1e-4


def test_nodes_go_in_any_order(model, tmp_path: Path) -> None:
    motion = tiny_motion(tmp_path)
    last = referred(slid(animated(model, motion)))
    first = slid(animated(referred(model), motion))
    assert torch.equal(sample(first, frames=FRAMES, steps=1), sample(last, frames=FRAMES, steps=1))
    assert CONTEXT_REFERENCES not in model.model_options["transformer_options"]


@pytest.mark.parametrize("strength", [0.0, [0.0] * FRAMES, torch.zeros(1, 4, 4), "keyframes"])
def test_nothing_is_what_a_strength_of_nothing_does(model, strength: Any) -> None:
    value = keyed(Keyframe(0.0, as_value("strength", 0.0))) if strength == "keyframes" else strength
    plain = first_prediction(slid(model), frames=FRAMES)
    patched = reusing(referred(slid(model), value), strength=value)
    assert torch.equal(first_prediction(patched, frames=FRAMES), plain)
    silent = reusing(referred(slid(model), reference_weight=0.0), 0.0)
    assert torch.equal(first_prediction(silent, frames=FRAMES), plain)


def test_a_strength_of_nothing_at_some_frames_leaves_their_windows_as_they_are(model) -> None:
    """Self-attention over its own tokens twice."""
    found = first_prediction(referred(slid(model), [1.0] * 3 + [0.0] * 4), frames=FRAMES)
    assert relative_error(found, first_prediction(slid(model), frames=FRAMES)) < 1e-5


def test_masks_are_strengths(model) -> None:
    for by in ("attention", "adain"):
        masked = first_prediction(referred(slid(model), torch.full((1, 4, 4), 0.5), by=by), frames=FRAMES)
        assert relative_error(masked, first_prediction(referred(slid(model), 0.5, by=by), frames=FRAMES)) < 1e-5


def test_the_reference_acts_in_its_part_of_the_sampling(model) -> None:
    late = reference.refer(
        referred(slid(model), 0.5, end=0.25),
        bank.ContextReference(ReferenceOptions(by="adain"), acts=Acts(start_percent=0.2, end_percent=0.6)),
    )
    seen = parts(late)
    sample(late, frames=FRAMES, steps=5)
    ways = [part and part.reference.options.by for part in seen[::2]]
    assert ways == ["attention", "adain", "adain", None, None]


def test_the_bank_may_wait_in_main_memory(model) -> None:
    patched = referred(slid(model), on_cpu=True)
    assert torch.equal(sample(patched, frames=FRAMES, steps=1), sample(referred(slid(model)), frames=FRAMES, steps=1))


def banks() -> int:
    gc.collect()
    return sum(type(item) is bank.Bank for item in gc.get_objects())


@pytest.fixture
def stop() -> Iterator[None]:
    yield
    comfy.model_management.interrupt_current_processing(False)


def test_nothing_is_left_after_a_sampling(model, caplog) -> None:
    patched = referred(slid(model))
    options = patched.model_options["transformer_options"]
    before = {key: value for key, value in options.items() if key != "wrappers"}
    with caplog.at_level(logging.INFO):
        sample(patched, frames=FRAMES)
    assert banks() == 0
    assert {key: value for key, value in options.items() if key != "wrappers"} == before
    assert len([text for text in caplog.messages if "The reference window takes" in text]) == 1


@pytest.mark.usefixtures("stop")
def test_nothing_is_left_after_an_interrupt(model) -> None:
    patched = referred(slid(model))
    calls: list[bool] = []

    def cancel(q: Any, k: Any, v: Any, options: dict[str, Any]) -> Any:
        calls.append(options[REFERENCE_PART].bank.size > 0)
        comfy.model_management.interrupt_current_processing()
        return q, k, v

    patched.set_model_attn2_patch(cancel)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        sample(patched, frames=FRAMES)
    assert calls[-1], "something was kept when it was interrupted"
    assert banks() == 0


def test_the_bank_has_the_size_that_is_reserved(model) -> None:
    for fidelity in (1.0, 0.5):
        patched = referred(slid(model), style_fidelity=fidelity)
        sizes: list[int] = []

        def note(q: Any, k: Any, v: Any, options: dict[str, Any], sizes: list[int] = sizes) -> Any:
            sizes.append(options[REFERENCE_PART].bank.size)
            return q, k, v

        patched.set_model_attn2_patch(note)
        sample(patched, frames=FRAMES, steps=1)
        (seen,) = patched.model_options["transformer_options"][CONTEXT_REFERENCES]
        assert max(sizes) == seen.bank_size(4, 8, 8, 4)


def test_memory_is_reserved_for_one_window_and_the_bank(model) -> None:
    def reserved(patcher: Patcher) -> int:
        found: list[list[int]] = []
        windows._prepared(lambda _model, shape, *_: found.append(shape), patcher, [FRAMES, 4, 8, 8], {})
        return found[0][0]

    assert reserved(slid(model)) == 4
    assert reserved(referred(slid(model), on_cpu=True)) == 4
    full = referred(slid(model), style_fidelity=0.0)
    (seen,) = full.model_options["transformer_options"][CONTEXT_REFERENCES]
    row = model.model.memory_required([1, 4, 8, 8])
    assert 2 * (reserved(full) - 4) * row >= seen.bank_size(4, 8, 8, 4) > 2 * (reserved(full) - 5) * row
    assert reserved(slid(referred(model, style_fidelity=0.0))) == reserved(full)


def test_conditionings_in_batches_of_their_own(model) -> None:
    """Hooks split positive and negative; what each of them left is found again."""
    import comfy.hooks

    group = comfy.hooks.HookGroup()
    group.add(comfy.hooks.TransformerOptionsHook({"kinema.test": True}))
    positive, negative = conds()
    hooked = comfy.hooks.set_hooks_for_conditioning(positive, group)
    for by in ("attention", "adain"):
        patched = referred(slid(model), style_fidelity=0.5, by=by)
        seen = parts(patched)
        found = first_prediction(patched, frames=FRAMES, positive=hooked, negative=negative)
        assert len(seen) == 4
        assert (
            relative_error(found, first_prediction(referred(slid(model), style_fidelity=0.5, by=by), frames=FRAMES))
            < 1e-5
        )


def test_other_nodes_patches_of_self_attention(model) -> None:
    """A patch that changes the values alone, as hypernetworks do; times one, so that nothing may change."""
    patched = referred(slid(model), style_fidelity=0.5)
    patched.set_model_attn1_patch(lambda q, k, v, _options: (q, k, v * 1.0))
    wanted = first_prediction(referred(slid(model), style_fidelity=0.5), frames=FRAMES)
    assert relative_error(first_prediction(patched, frames=FRAMES), wanted) < 1e-5


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        ("nodes_pag", "PerturbedAttentionGuidance", (3.0,)),
        ("nodes_tomesd", "TomePatchModel", (0.5,)),
        ("nodes_hypertile", "HyperTile", (32, 1, 0, False)),
        ("nodes_freelunch", "FreeU_V2", (1.3, 1.4, 0.9, 0.2)),
    ],
)
def test_composes_with_nodes_of_the_host(model, module: str, name: str, arguments: tuple[Any, ...]) -> None:
    from ..animate.test_animate import v3_node

    patched = referred(slid(model), by="attention+adain", style_fidelity=0.5)
    found = first_prediction(v3_node(module, name, patched, *arguments), frames=FRAMES, size=12)
    alone = first_prediction(v3_node(module, name, slid(model), *arguments), frames=FRAMES, size=12)
    assert bool(found.isfinite().all())
    assert relative_error(found, alone) > 1e-4
    assert relative_error(found, first_prediction(patched, frames=FRAMES, size=12)) > 1e-4


class Nudging(Hinted):
    """Adds to the middle of the UNet as much as its hint shows."""

    def get_control(self, x_noisy: Any, t: Any, cond: Any, batched_number: int, transformer_options: Any) -> Any:
        super().get_control(x_noisy, t, cond, batched_number, transformer_options)
        return {"middle": [self.seen[-1].repeat(batched_number)[:, None, None, None]]}


def test_composes_with_controls_and_prompts_of_each_frame(model) -> None:
    positive, negative = conds()
    travel = torch.cat([positive[0][0] * weight for weight in torch.linspace(1, 2, FRAMES)])
    told = {"control": Nudging(numbered(FRAMES))}
    options = {"frames": FRAMES, "positive": [[travel, told]], "negative": [[negative[0][0], told]]}
    plain = first_prediction(slid(model), **options)
    for strength, changes in ([0.0] * 3 + [1e-9] * 4, False), (1.0, True):
        found = first_prediction(referred(slid(model), strength, by="attention+adain"), **options)
        assert relative_error(found[:3], plain[:3]) < 1e-5
        assert (relative_error(found[4:], plain[4:]) > 1e-4) == changes
    assert relative_error(plain, first_prediction(slid(model), frames=FRAMES)) > 1e-3


def test_sdxl_has_several_attentions_in_a_block() -> None:
    model = tiny_sdxl()
    attentions, blocks = reference.readers(model.model.diffusion_model)
    assert len(attentions) == 2 + 2 + 1 + 3 + 3
    assert {reader.level for reader in attentions} == {1, 2}
    assert [reader.layer for reader in blocks] == [
        *(("input", n) for n in (4, 5, 7, 8)),
        ("middle", 0),
        *(("output", n) for n in range(5)),
    ]


@pytest.mark.parametrize(
    ("weight", "strength"), [(0.95, 1.0), (1.0, 1.0), (0.5, [0.1 * n for n in range(10)] * 2), (0.5, "mask")]
)
def test_reuse_is_a_weighted_mean_with_the_first_window(model, tmp_path: Path, weight: float, strength: Any) -> None:
    patched = animated(model, tiny_motion(tmp_path), "use existing")
    given = torch.rand(1, 8, 8) if strength == "mask" else strength
    found = first_prediction(reusing(slid(patched), weight, given), frames=FRAMES, cfg=CFG)
    fused = first_prediction(slid(patched), frames=FRAMES, cfg=CFG)
    first = ByHand(patched, [0.0] * FRAMES, 0.0, "").predict(list(PLANNED[0].frames), reads=False, writes=False)
    for frame in range(FRAMES):
        w = weight * (given[frame] if isinstance(given, list) else given)
        assert relative_error(found[frame], w * first[frame % 4] + (1 - w) * fused[frame]) < 1e-5


def test_reuse_stops_after_its_part_of_the_sampling(model) -> None:
    x0: list[Tensor] = []
    sample(reusing(slid(model), 1.0, end=0.5), frames=8, steps=4, callback=lambda _n, x, *_: x0.append(x.clone()))
    assert [torch.equal(x[:4], x[4:]) for x in x0] == [True, True, False, False]


def told(patcher: Patcher, caplog: Any, frames: int = FRAMES) -> str:
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        sample(patcher, frames=frames, steps=1)
    # the host warns of its own clones on several devices, whose cycles it cannot follow
    return "\n".join(text for text in caplog.messages if "[Kinema]" in text)


@pytest.mark.parametrize(("node", "name"), [(referred, "Context Reference"), (reusing, "Naive Reuse")])
def test_what_has_nothing_to_do_says_so(model, caplog, node: Callable[..., Patcher], name: str) -> None:
    assert f"{name}: it does nothing without windows. Connect Sliding Context" in told(node(model), caplog)
    short = node(slid(model))
    assert f"{name}: the clip of 4 frames fits in one window" in told(short, caplog, frames=4)
    assert torch.equal(sample(short, frames=4), sample(slid(model), frames=4))
    assert told(short, caplog) == ""
    assert "its strength has a list of 5 values, but the clip has 7 frames" in told(
        node(slid(model), strength=[1.0] * 5), caplog
    )


def test_what_the_reference_cannot_reach_is_told(model, caplog) -> None:
    patched = referred(slid(model), mode="indexes", frames=(3, 99))
    assert "indexes names 99, but the frames of the clip are 0 to 6" in told(patched, caplog)
    taken = referred(slid(model))
    taken.set_model_attn1_replace(lambda q, k, v, _options: v, "middle", 0)
    assert "another node replaces 1 of 16 self-attentions" in told(taken, caplog)


def test_other_models_are_refused(model) -> None:
    other = model.clone()
    other.add_object_patch("diffusion_model", torch.nn.Linear(1, 1))
    with pytest.raises(WindowReferenceError, match="works on SD1.5 and SDXL models, and this one is a Linear"):
        referred(other)
