"""The host's own patches of a model beside windows: they give what they give without, or are refused by name."""

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import comfy.sample
import comfy.samplers
import pytest
import torch
from comfy.patcher_extension import WrappersMP
from kinema.motion.windows import WindowError
from kinema.nodes.host.windows import closures, sliding
from torch import Tensor

from tests.papers.error import relative_error

from ..consistent import referred
from ..models import SMALL, Patcher, animated, conds, tiny_model, tiny_motion
from ..models import sample as sample_of
from .host_patches import ELSEWHERE, PUT, REFUSED, WINDOWED, Put, model_nodes, put
from .test_sliding import slid

EASY = Put("nodes_easycache", lambda: (3.0, 0.2, 1.0, False), {"steps": 5})
KEEPING = [("SelfAttentionGuidance", PUT["SelfAttentionGuidance"]), ("EasyCacheNode", EASY)]
"""Nodes that keep something of each window."""

sample = partial(sample_of, size=SMALL)


@pytest.fixture(scope="module")
def model() -> Patcher:
    return tiny_model()


def run(patcher: Patcher, frames: int, **options: Any) -> Tensor:
    torch.manual_seed(0)
    return sample(patcher, frames, **options)


@pytest.fixture(scope="module")
def unpatched(model: Patcher) -> Callable[..., Tensor]:
    """A clip of 12 frames without any node, once for each way to sample it."""
    made: dict[str, Tensor] = {}

    def sampled(**options: Any) -> Tensor:
        key = repr(sorted(options.items()))
        if key not in made:
            made[key] = run(model, 12, **options)
        return made[key]

    return sampled


def part(patcher: Patcher, index: slice, frames: int, steps: int = 2, size: int = SMALL) -> Tensor:
    """Some frames of a clip sampled alone, from their part of its noise."""
    noise = torch.randn(frames, 4, size, size, generator=torch.manual_seed(7))[index]
    empty = torch.zeros_like(noise)
    with torch.inference_mode():
        return comfy.sample.sample(
            patcher, noise, steps, 5.0, "euler", "normal", *conds(), empty, disable_pbar=True, seed=7
        )


def test_every_node_of_the_host_is_known() -> None:
    """A newer ComfyUI may bring another one: find out what it does in windows, and put it in the list."""
    known = {*PUT, *WINDOWED, *REFUSED, *(name for names in ELSEWHERE.values() for name in names)}
    found = set(model_nodes(Path(os.environ["KINEMA_COMFYUI_FOLDER"])))
    assert found == known


@pytest.mark.parametrize("name", [*PUT, "EasyCacheNode"])
def test_a_clip_of_one_window(model, tmp_path: Path, name: str) -> None:
    node = PUT.get(name, EASY)
    patched = put(name, animated(model, tiny_motion(tmp_path), "use existing"), node)
    wanted = run(patched, 8, **node.options)
    assert torch.equal(run(slid(patched), 8, **node.options), wanted)


@pytest.mark.parametrize("name", PUT)
def test_windows_change_nothing_where_nothing_moves(model, unpatched, name: str) -> None:
    node = PUT[name]
    found = run(put(name, slid(model), node), 12, **node.options)
    wanted = run(put(name, model, node), 12, **node.options)
    assert bool(found.isfinite().all())
    if not node.random:
        assert relative_error(found, wanted) < 1e-4
    if node.acts:
        assert relative_error(wanted, unpatched(**node.options)) > 1e-4


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("name", "node"), KEEPING, ids=["attention", "cache"])
def test_each_window_keeps_its_own(model, tmp_path: Path, name: str, node: Put, before: bool) -> None:
    """Windows side by side do not see each other, so that each is the clip it would be alone."""
    moving = animated(model, tiny_motion(tmp_path), "use existing")
    windows = partial(slid, schedule="batched")
    patched = windows(put(name, moving, node)) if before else put(name, windows(moving), node)
    found = run(patched, 16, **node.options)
    wanted = [part(put(name, moving, node), index, 16, **node.options) for index in (slice(8), slice(8, 16))]
    assert relative_error(found, torch.cat(wanted)) < 1e-5
    assert relative_error(found, run(windows(moving), 16, **node.options)) > 1e-3, "it acts"


@pytest.mark.parametrize(("name", "node"), KEEPING, ids=["attention", "cache"])
def test_several_windows_in_a_call(model, tmp_path: Path, name: str, node: Put) -> None:
    moving = put(name, animated(model, tiny_motion(tmp_path), "use existing"), node)
    alone, together = (run(slid(moving, at_once, schedule="standard_static"), 20, **node.options) for at_once in (1, 3))
    assert relative_error(together, alone) < 1e-5


def test_a_cache_leaves_windows_out(model, caplog) -> None:
    calls = []
    counted = slid(put("EasyCacheNode", model, EASY), schedule="standard_static")
    counted.set_model_input_block_patch(lambda h, options: calls.append(1) or h if options["block"][1] == 1 else h)
    with caplog.at_level(logging.INFO):
        run(counted, 14, steps=10)
    assert 0 < len(calls) < 10 * 2
    assert f"skipped {(20 - len(calls)) / 2}/10 steps" in caplog.text, "the host's own count, in steps of the clip"


def test_a_cache_waits_while_a_reference_acts(model) -> None:
    """Windows that look at another one need the model to run there."""
    found = run(referred(slid(put("EasyCacheNode", model, EASY), schedule="standard_static")), 14, steps=5)
    assert torch.equal(found, run(referred(slid(model, schedule="standard_static")), 14, steps=5))


# dpm_adaptive chooses its own steps, so that a last bit is a step more or less, and takes minutes
@pytest.mark.parametrize("sampler", [name for name in comfy.samplers.KSampler.SAMPLERS if name != "dpm_adaptive"])
def test_every_sampler_of_the_host(model, sampler: str) -> None:
    """Those that keep what the model said of the clip, for guidance or for the next step, keep it of all windows."""
    found, wanted = (sample(each, 12, 3, sampler=sampler) for each in (slid(model), model))
    assert bool(found.isfinite().all())
    assert relative_error(found, wanted) < 1e-3


def test_a_cache_that_finds_nothing_again_is_told(model, monkeypatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(sliding, "notice", told.append)
    for schedule, count in ("standard_static", 0), ("standard_uniform", 1):
        run(slid(put("EasyCacheNode", model, EASY), schedule=schedule), 14)
        assert len(told) == count
    assert "standard_static" in told[0]


def test_a_cache_of_another_build_is_refused(model) -> None:
    patched = put("EasyCacheNode", slid(model), EASY)
    patched.model_options["transformer_options"]["easycache"] = object()
    patched.remove_wrappers_with_key(WrappersMP.OUTER_SAMPLE, "easycache")
    with pytest.raises(WindowError, match="LazyCache"):
        run(patched, 12)


@pytest.mark.parametrize("name", REFUSED)
def test_nodes_for_single_pictures_are_refused(model, name: str) -> None:
    with pytest.raises(WindowError, match=f"{name} works on single pictures"):
        run(put(name, slid(model), REFUSED[name]), 12)


class FeatureCache:
    """As nodes of other packs are written that keep what one call of the model made."""

    @staticmethod
    def around(model: Patcher) -> Patcher:
        kept = None

        def call(apply_model: Callable[..., Tensor], args: dict[str, Any]) -> Tensor:
            nonlocal kept
            if kept is None:
                kept = apply_model(args["input"], args["timestep"], **args["c"])
            return kept

        patched = model.clone()
        patched.set_model_unet_function_wrapper(call)
        return patched

    @staticmethod
    def inside(model: Patcher) -> Patcher:
        kept = None

        def keep(h: Tensor, options: dict[str, Any]) -> Tensor:
            nonlocal kept
            kept = h
            return h

        patched = model.clone()
        patched.set_model_input_block_patch(keep)
        patched.set_model_sampler_post_cfg_function(lambda args: args["denoised"] + 0 * kept.mean())  # type: ignore[union-attr]
        return patched

    @staticmethod
    def in_a_wrapper(model: Patcher) -> Patcher:
        calls = 0

        def count(executor: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            return executor(*args, **kwargs)

        patched = model.clone()
        patched.add_wrapper(WrappersMP.DIFFUSION_MODEL, count)
        return patched


@pytest.mark.parametrize("node", [FeatureCache.around, FeatureCache.inside, FeatureCache.in_a_wrapper])
def test_what_keeps_a_call_is_refused_by_name(model, node: Callable[[Patcher], Patcher]) -> None:
    run(node(slid(model)), 8)
    begun: list[int] = []
    with pytest.raises(WindowError, match="FeatureCache keeps what it saw"):
        run(node(slid(model)), 12, callback=lambda step, *_: begun.append(step))
    assert not begun


class Attended:
    """A node of another pack that remembers attention in an object, not in a variable."""

    def __init__(self) -> None:
        self.seen: dict[str, Tensor] = {}

    def replace(self, q: Tensor, k: Tensor, v: Tensor, extra: dict[str, Any]) -> Tensor:
        self.seen["q"] = q
        return v

    def guide(self, args: dict[str, Any]) -> Tensor:
        count = args["denoised"].shape[0]
        assert self.seen["q"].shape[0] == 2 * count, "both conditionings of every frame"
        return args["denoised"] + self.seen["q"].unflatten(0, (2, count))[0].mean((1, 2))[:, None, None, None]


def test_attention_kept_in_an_object(model) -> None:
    def both(patcher: Patcher) -> Patcher:
        node, patched = Attended(), patcher.clone()
        patched.set_model_attn1_replace(node.replace, "middle", 0, 0)
        patched.set_model_sampler_post_cfg_function(node.guide)
        return patched

    assert relative_error(run(both(slid(model, 2)), 20), run(both(model), 20)) < 1e-4


def test_what_a_function_leaves() -> None:
    table: dict[str, int] = {}
    count = 0

    def plain(x: int) -> int:
        return x + count + len(table)

    def counting() -> None:
        nonlocal count
        count += 1

    assert [closures.rebinds(each) for each in (plain, counting, len, Attended())] == [False, True, False, False]
    assert closures.leaves_to(counting, [plain])
    assert not closures.leaves_to(plain, [counting])
    assert closures.has_in_common(plain, [lambda: table])
    assert not closures.has_in_common(plain, [counting, len])
