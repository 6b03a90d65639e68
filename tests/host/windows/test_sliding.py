"""Clips longer than a motion module sees at once: windows, what follows them, and what they cost."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.sample
import pytest
import torch
from comfy.controlnet import ControlBase
from kinema.motion.temporal import Mixing, placed_views
from kinema.motion.values import MotionValue, listed
from kinema.motion.windows import WindowError, WindowOptions, plan_windows
from kinema.nodes.host.animate import checks
from kinema.nodes.host.control.windowed import WindowControls
from kinema.nodes.host.windows import sliding as windows
from kinema.nodes.host.windows import views

from tests.papers.error import relative_error

from ..models import SMALL, TOKENS, Patcher, animated, conds, tiny_model, tiny_motion
from ..models import sample as sample_of

sample = partial(sample_of, size=SMALL)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def slid(model: Patcher, at_once: int = 1, start: float = 0.0, **options: Any) -> Patcher:
    """The Sliding Context node."""
    chosen = WindowOptions(**{"length": 8, "overlap": 2, **options})
    return windows.slide(model, windows.Stage(chosen, start), at_once)


def watched(patcher: Patcher) -> list[dict[str, Any]]:
    """``ad_params`` of every call of the UNet, in order, each once."""
    seen: list[dict[str, Any]] = []

    def note(q: Any, k: Any, v: Any, options: dict[str, Any]) -> Any:
        if not seen or seen[-1] is not options["ad_params"]:
            seen.append(options["ad_params"])
        return q, k, v

    patcher.set_model_attn2_patch(note)
    return seen


def first_prediction(patcher: Patcher, **options: Any) -> torch.Tensor:
    seen: list[torch.Tensor] = []
    sample(patcher, callback=lambda _step, x0, *_: seen.append(x0.clone()), steps=1, **options)
    return seen[0]


@pytest.mark.parametrize("schedule", ["standard_static", "standard_uniform", "looped_uniform", "batched"])
def test_windows_are_those_of_the_plan(model, tmp_path: Path, schedule: str) -> None:
    options = WindowOptions(schedule, 8, 2)
    patched = slid(animated(model, tiny_motion(tmp_path)), schedule=schedule)
    seen = watched(patched)
    assert bool(sample(patched, frames=20, steps=3).isfinite().all())
    wanted = [list(window.frames) for step in range(3) for window in plan_windows(20, step, options)]
    assert [entry["sub_idxs"] for entry in seen] == wanted
    assert {entry["full_length"] for entry in seen} == {20}
    assert [entry["context_length"] for entry in seen] == [len(frames) for frames in wanted]


@pytest.mark.parametrize("fuse", ["pyramid", "flat", "relative", "overlap-linear"])
def test_predictions_are_the_weighted_sum_of_windows(model, tmp_path: Path, fuse: str) -> None:
    patched = animated(model, tiny_motion(tmp_path), "use existing")
    found = first_prediction(slid(patched, fuse=fuse), frames=14, cfg=1.0)
    parts = plan_windows(14, 0, WindowOptions(length=8, overlap=2, fuse=fuse))
    # every window sampled alone, from its own part of the same noise
    noise = torch.randn(14, 4, SMALL, SMALL, generator=torch.manual_seed(7))
    wanted = torch.zeros(14, 4, SMALL, SMALL)
    for window in parts:
        seen: list[torch.Tensor] = []
        index = list(window.frames)
        positive, negative = conds()
        with torch.inference_mode():
            comfy.sample.sample(
                patched, noise[index], 1, 1.0, "euler", "normal", positive, negative, torch.zeros(8, 4, SMALL, SMALL),
                callback=lambda _step, x0, *_, seen=seen: seen.append(x0.clone()), disable_pbar=True, seed=7,
            )  # fmt: skip
        wanted[index] += seen[0] * torch.tensor(window.weights)[:, None, None, None]
    assert relative_error(found, wanted) < 1e-5


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_several_windows_in_a_call_change_no_bit(model, tmp_path: Path, version: str) -> None:
    motion = tiny_motion(tmp_path, version)
    ramp = MotionValue(curves=(listed([0.1 * n for n in range(20)]),))
    patched = animated(model, motion, effect=ramp, scale=torch.rand(20, 4, 4))
    alone = slid(patched, at_once=1)
    together = slid(patched, at_once=3)
    calls = watched(together)
    assert torch.equal(sample(together, frames=20), sample(alone, frames=20))
    assert {len(entry["sub_idxs"]) for entry in calls} == {24}


@pytest.mark.parametrize("frames", [8, 6])
def test_a_closed_loop_of_one_window_turns(model, tmp_path: Path, frames: int) -> None:
    patched = slid(animated(model, tiny_motion(tmp_path)), schedule="looped_uniform", closed_loop=True)
    seen = watched(patched)
    sample(patched, frames=frames, steps=4)
    joined = [entry["sub_idxs"] for entry in seen]
    assert any(window[i : i + 2] == [frames - 1, 0] for window in joined for i in range(len(window)))


def test_a_clip_of_one_window_is_not_cut(model, tmp_path: Path) -> None:
    patched = animated(model, tiny_motion(tmp_path))
    assert torch.equal(sample(slid(patched), frames=8), sample(patched, frames=8))
    seen = watched(same := slid(patched, use_on_equal_length=True, schedule="looped_uniform"))
    sample(same, frames=8)
    assert all(entry["sub_idxs"] is not None for entry in seen)


def test_a_chain_changes_windows_during_the_sampling(model, tmp_path: Path) -> None:
    patched = slid(slid(animated(model, tiny_motion(tmp_path))), start=0.5, length=12)
    assert patched.model_options["context_handler"].context_length == 12
    seen = watched(patched)
    sample(patched, frames=20, steps=4)
    lengths = [entry["context_length"] for entry in seen]
    assert set(lengths) == {8, 12}
    assert lengths == sorted(lengths)


def test_the_given_model_is_left_alone(model, tmp_path: Path) -> None:
    patched = animated(model, tiny_motion(tmp_path))
    slid(patched)
    assert "context_handler" not in patched.model_options
    with pytest.raises(checks.ClipError, match="Sliding Context node with context_length 16"):
        sample(patched, frames=40, steps=1)


def test_windows_beyond_the_position_table_stop_before_sampling(model, tmp_path: Path) -> None:
    long = slid(animated(model, tiny_motion(tmp_path, "v1")), length=32, overlap=4)
    with pytest.raises(checks.ClipError, match="at most 24 frames at once, but 32"):
        sample(long, frames=40, steps=1)


def test_one_frame_is_no_loop(model, tmp_path: Path) -> None:
    looped = slid(animated(model, tiny_motion(tmp_path)), schedule="looped_uniform", closed_loop=True)
    steps: list[int] = []
    with pytest.raises(WindowError, match="One frame cannot be a loop"):
        sample(looped, frames=1, callback=lambda step, *_: steps.append(step))
    assert steps == []


@pytest.fixture
def stop() -> Iterator[None]:
    yield
    comfy.model_management.interrupt_current_processing(False)


@pytest.mark.usefixtures("stop")
def test_cancel_takes_one_window(model, tmp_path: Path) -> None:
    patched = slid(animated(model, tiny_motion(tmp_path)))
    calls: list[int] = []

    def cancel(q: Any, k: Any, v: Any, options: dict[str, Any]) -> Any:
        calls.append(options["ad_params"]["sub_idxs"][0])
        comfy.model_management.interrupt_current_processing()
        return q, k, v

    patched.set_model_attn2_patch(cancel)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        sample(patched, frames=40)
    assert set(calls) == {0}


class Hinted(ControlBase):
    """A control object that notes the hint it is given and adds nothing."""

    def __init__(self, hint: torch.Tensor) -> None:
        super().__init__()
        self.set_cond_hint(hint)
        self.seen: list[torch.Tensor] = []

    def get_control(self, x_noisy: Any, t: Any, cond: Any, batched_number: int, transformer_options: Any) -> Any:
        if self.previous_controlnet is not None:
            self.previous_controlnet.get_control(x_noisy, t, cond, batched_number, transformer_options)
        assert self.cond_hint_original is not None
        self.seen.append(self.cond_hint_original[:, 0, 0, 0].clone())
        return None


def numbered(frames: int) -> torch.Tensor:
    """Hint pictures that show their number."""
    return torch.arange(frames).float()[:, None, None, None].expand(frames, 3, 64, 64)


def with_control(control: ControlBase) -> tuple[list[Any], list[Any]]:
    return tuple([[entry[0], {**entry[1], "control": control}] for entry in cond] for cond in conds())  # type: ignore[return-value]


def test_each_window_gets_its_own_hints(model, tmp_path: Path) -> None:
    patched = slid(animated(model, tiny_motion(tmp_path)))
    control, short, picture = Hinted(numbered(20)), Hinted(numbered(5)), Hinted(numbered(1))
    control.set_previous_controlnet(short.set_previous_controlnet(picture))
    positive, negative = with_control(control)
    assert bool(sample(patched, frames=20, steps=2, positive=positive, negative=negative).isfinite().all())
    wanted = [list(window.frames) for window in plan_windows(20, 0, WindowOptions(length=8, overlap=2))] * 2
    assert [hint.tolist() for hint in control.seen] == wanted
    assert [hint.tolist() for hint in short.seen] == [[min(frame, 4) for frame in frames] for frames in wanted]
    assert all(hint.tolist() == [0.0] for hint in picture.seen)
    assert control.cond_hint_original is not None
    assert control.cond_hint_original.shape[0] == 20, "the person's own object is left alone"


def test_hints_that_slice_themselves_are_left_to_do_so(model, tmp_path: Path) -> None:
    control = Hinted(numbered(20))
    control.sub_idxs = None  # type: ignore[attr-defined]
    positive, negative = with_control(control)
    sample(slid(animated(model, tiny_motion(tmp_path))), frames=20, steps=1, positive=positive, negative=negative)
    assert all(len(hint) == 20 for hint in control.seen)


def test_hint_copies_are_few_and_resized_once() -> None:
    from comfy.controlnet import ControlNet

    control, kept = ControlNet(), WindowControls()
    control.set_cond_hint(torch.rand(100, 3, 32, 32))
    first = kept.of(control, range(8), (8, 8))
    assert kept.of(control, range(8), (8, 8)) is first, "positive and negative share it"
    assert first.cond_hint_original is not None
    assert first.cond_hint_original.shape == (8, 3, 64, 64)
    for start in range(40):
        kept.of(control, range(start, start + 8), (8, 8))
    assert len(kept._windows) <= 4
    assert len(kept._resized) == 1


def test_conditionings_and_masks_of_each_frame_follow_the_window(model, tmp_path: Path) -> None:
    """Prompt travel is a conditioning of as many entries as frames; frames of one prompt are those of that prompt."""
    patched = slid(animated(model, tiny_motion(tmp_path, zero_output=True), "use existing"))
    (positive, negative), other = conds(), torch.randn(1, TOKENS, 768)
    cond = positive[0][0]
    travel = torch.cat([cond.expand(10, -1, -1), other.expand(10, -1, -1)])
    found = first_prediction(patched, frames=20, positive=[[travel, {}]], negative=negative)
    first = first_prediction(patched, frames=20, positive=positive, negative=negative)
    second = first_prediction(patched, frames=20, positive=[[other, {}]], negative=negative)
    assert relative_error(found[:10], first[:10]) < 1e-5
    assert relative_error(found[10:], second[10:]) < 1e-5
    assert relative_error(first, second) > 1e-3
    mask = torch.zeros(20, SMALL, SMALL)
    mask[5:] = 1
    masked = [[cond, {"mask": mask, "mask_strength": 1.0}], [other, {"mask": 1 - mask, "mask_strength": 1.0}]]
    found = first_prediction(patched, frames=20, positive=masked, negative=negative)
    assert relative_error(found[:5], second[:5]) < 1e-5
    assert relative_error(found[5:], first[5:]) < 1e-5


def test_views_cut_the_motion_alone(model, tmp_path: Path) -> None:
    patched = animated(model, tiny_motion(tmp_path))
    options = WindowOptions(length=8, overlap=0)
    viewed = views.view(patched, options)
    seen = watched(viewed)
    assert bool(sample(viewed, frames=40, steps=1).isfinite().all()), "longer than the position table"
    assert all(entry["sub_idxs"] is None for entry in seen)
    assert torch.equal(sample(viewed, frames=8), sample(patched, frames=8))
    layer = tiny_motion(tmp_path).model.at(("input", 1))
    assert layer is not None
    x = torch.randn(16, 32, 4, 4)
    with torch.inference_mode():
        parts = torch.cat([layer(x[:8], Mixing(8)), layer(x[8:], Mixing(8))])
        found = layer(x, Mixing(16, views=placed_views(plan_windows(16, 0, options), x.device)))
    assert relative_error(found, parts) < 1e-5


def test_overlapping_views_blend_what_attention_gave(tmp_path: Path) -> None:
    """Attentions view by view, added up, then the feed-forward on all frames."""
    layer = tiny_motion(tmp_path).model.at(("input", 1))
    assert layer is not None
    x, options = torch.randn(12, 32, 4, 4), WindowOptions(length=8, overlap=4)
    with torch.inference_mode():
        tokens = layer.proj_in(layer.norm(x).flatten(2).transpose(1, 2))[None]
        fused = torch.zeros_like(tokens)
        for window in plan_windows(12, 0, options):
            part = tokens[:, list(window.frames)].clone()
            for attention in layer.attentions:
                part += attention(part, attention.positions(8, part))
            fused[:, list(window.frames)] += part * torch.tensor(window.weights)[:, None, None]
        value, gate = layer.ff_in(layer.ff_norm(fused)).chunk(2, dim=-1)
        change = layer.proj_out(fused + layer.ff_out(value * torch.nn.functional.gelu(gate)))
        wanted = x + change[0].transpose(1, 2).unflatten(2, (4, 4))
        assert (
            relative_error(layer(x, Mixing(12, views=placed_views(plan_windows(12, 0, options), x.device))), wanted)
            < 1e-5
        )


def test_concatenated_latents_follow_the_window() -> None:
    """Inpainting and instruct-pix2pix models get pictures beside the latent."""
    import comfy.conds
    from comfy.context_windows import IndexListContextWindow

    handler = windows.SlidingContext([windows.Stage(WindowOptions(length=8, overlap=2))])
    handler._model = tiny_model().model
    frames = torch.arange(20).float()[:, None, None, None].expand(20, 4, 8, 8)
    picture = comfy.conds.CONDNoiseShape(torch.ones(1, 4, 8, 8))
    cond = [{"model_conds": {"c_concat": comfy.conds.CONDNoiseShape(frames), "one": picture}}]
    place = IndexListContextWindow([3, 9, 4], total_frames=20)
    (found,) = handler._resized(torch.zeros(20, 4, 8, 8), cond, place, WindowControls())
    assert found["model_conds"]["c_concat"].cond[:, 0, 0, 0].tolist() == [3.0, 9.0, 4.0]
    assert found["model_conds"]["one"].cond.shape[0] == 1


def test_noise_masks_keep_what_they_cover(model, tmp_path: Path) -> None:
    patched = slid(animated(model, tiny_motion(tmp_path)))
    mask = torch.zeros(20, 1, SMALL, SMALL)
    mask[10:] = 1
    found = sample(patched, frames=20, noise_mask=mask)
    assert float(found[:10].abs().max()) < 1e-4
    assert float(found[10:].abs().min(dim=0).values.max()) > 0


def test_guidance_of_other_nodes_goes_through_windows_too(model, tmp_path: Path) -> None:
    from ..animate.test_animate import v3_node

    patched = slid(animated(model, tiny_motion(tmp_path)))
    guided = v3_node("nodes_pag", "PerturbedAttentionGuidance", patched, 3.0)
    seen = watched(guided)
    assert relative_error(sample(guided, frames=20, size=12), sample(patched, frames=20, size=12)) > 1e-3
    assert {len(entry["sub_idxs"]) for entry in seen} == {8}


def test_lora_hooks_in_windows(model, tmp_path: Path) -> None:
    import comfy.hooks

    name = "diffusion_model.output_blocks.2.0.in_layers.2.weight"
    weight = dict(model.model.named_parameters())[name]
    hook = comfy.hooks.WeightHook(strength_model=1.0)
    hook.weights, hook.need_weight_init = {name: ("diff", (0.5 * weight.detach().clone(),))}, False
    group = comfy.hooks.HookGroup()
    group.add(hook)
    positive, negative = conds()
    patched = slid(animated(model, tiny_motion(tmp_path)))
    plain = sample(patched, frames=20)
    hooked = comfy.hooks.set_hooks_for_conditioning(positive, group)
    assert relative_error(sample(patched, frames=20, positive=hooked, negative=negative), plain) > 1e-4
    assert torch.equal(sample(patched, frames=20), plain)


@pytest.mark.parametrize(("free", "wanted"), [(0.0, 1), (97.0, 2), (1e9, 3)])
def test_free_memory_decides_how_many_windows_come_together(free: float, wanted: int) -> None:
    """Half as much again as the host estimates has to be free, counted for all conditionings."""

    class Accelerated:
        """What the handler asks a model on an accelerator."""

        current_patcher = property(lambda self: self)

        def get_free_memory(self, _device: torch.device) -> float:
            return free

        def memory_required(self, shape: list[int]) -> float:
            return float(shape[0] * 2)

    handler = windows.SlidingContext([windows.Stage(WindowOptions(length=8, overlap=2))])
    parts = plan_windows(20, 0, handler.stages[0].options)
    there = torch.zeros(20, 4, 8, 8, device="meta")
    assert handler._at_once(Accelerated(), there, 2, parts) == wanted
    for side, together in ((8, 8), (16, 2), (32, 1)):
        assert handler._at_once(Accelerated(), torch.zeros(20, 4, side, side), 2, parts) == together, "on a CPU"
    manual = windows.SlidingContext(handler.stages, windows_per_call=2)
    assert manual._at_once(Accelerated(), there, 2, parts) == 2


@pytest.mark.parametrize("schedule", ["standard_static", "looped_uniform"])
def test_windows_of_frames_that_a_mask_keeps_are_left_out(model, schedule: str) -> None:
    patched = slid(model, schedule=schedule)
    latent = torch.randn(32, 4, 8, 8, generator=torch.manual_seed(3))
    mask = torch.ones(32, 1, 8, 8)
    mask[:20] = 0.0
    mask[20, :, :, :4] = 0.0

    def sampled(kept: torch.Tensor, patcher: Patcher = patched) -> tuple[torch.Tensor, int]:
        calls = watched(patcher := patcher.clone())
        made = comfy.sample.sample(
            patcher, comfy.sample.prepare_noise(latent, 7), 2, 5.0, "euler", "normal", *conds(), latent,
            noise_mask=kept, disable_pbar=True, seed=7,
        )  # fmt: skip
        return made, len(calls)

    with torch.inference_mode():
        made, calls = sampled(mask)
        # another node that changes the mask may let frames go that are kept now
        other = patched.clone()
        other.model_options["denoise_mask_function"] = lambda sigma, mask, extra_options: mask
        wanted, all_calls = sampled(mask, other)
        everything, none = sampled(torch.zeros(32, 1, 8, 8))
    assert torch.equal(made, wanted)
    assert calls < all_calls
    assert torch.equal(made[:20], wanted[:20])
    assert none == 0
    assert relative_error(everything, latent) < 1e-6
